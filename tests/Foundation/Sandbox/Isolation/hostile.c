/* A program that tries to get out. Each attempt prints one line when it got further than it may; none is the wanted result. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int escapes;

static void expect_refused(const char *what, long result) {
    if (result < 0)
        return;
    escapes++;
    fprintf(stderr, "ESCAPE %s\n", what);
}

static void network(const char *host_socket) {
    expect_refused("inet socket", socket(AF_INET, SOCK_STREAM, 0));
    expect_refused("inet datagram socket", socket(AF_INET, SOCK_DGRAM, 0));
    expect_refused("inet6 socket", socket(AF_INET6, SOCK_STREAM, 0));
    expect_refused("raw socket", socket(AF_INET, SOCK_RAW, 1));
    expect_refused("netlink socket", socket(AF_NETLINK, SOCK_RAW, 0));
    expect_refused("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
    expect_refused("vsock socket", socket(AF_VSOCK, SOCK_STREAM, 0));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strncpy(name.sun_path, host_socket, sizeof name.sun_path - 1);
    expect_refused("connect to a host socket", connect(fd, (void *)&name, sizeof name));
    /* Abstract names belong to the network namespace. */
    memset(&name, 0, sizeof name);
    name.sun_family = AF_UNIX;
    strcpy(name.sun_path + 1, "merlon-containment");
    expect_refused("connect to an abstract socket", connect(fd, (void *)&name, offsetof(struct sockaddr_un, sun_path) + 1 + strlen("merlon-containment")));
    expect_refused("bind", bind(fd, (void *)&name, sizeof name));
}

static void files(const char *host_file) {
    const char *reads[] = {"/etc/passwd", "/etc/shadow", "/root", "/home", "/usr", "/var", "/sys/kernel", "/proc/1/root/etc/passwd", "/proc/kcore", "/dev/mem",
                           "/dev/kmsg", "/dev/sda", "/dev/vda", "/run/dbus/system_bus_socket", host_file};
    for (unsigned i = 0; i < sizeof reads / sizeof *reads; i++) {
        char byte;
        int fd = open(reads[i], O_RDONLY);
        /* Masked files open as /dev/null: an empty one gives nothing away. */
        if (fd >= 0 && (read(fd, &byte, 1) > 0 || errno == EISDIR))
            expect_refused(reads[i], 0);
    }
    const char *writes[] = {"/x", "/app/x", "/app/hostile", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/dev/x", "/etc/x"};
    for (unsigned i = 0; i < sizeof writes / sizeof *writes; i++)
        expect_refused(writes[i], open(writes[i], O_WRONLY | O_CREAT, 0600));
    expect_refused("open up and out", open("/../../../../etc/hostname", O_RDONLY));
}

static void processes(void) {
    DIR *proc = opendir("/proc");
    int seen = 0;
    for (struct dirent *entry; proc && (entry = readdir(proc));)
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && atoi(entry->d_name) != getpid())
            seen++;
    if (seen)
        expect_refused("see other processes", seen);
    expect_refused("kill all", kill(-1, 0));
    expect_refused("fork", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    expect_refused("new namespaces", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    expect_refused("clone3", syscall(SYS_clone3, 0, 0));
}

static void execution(void) {
    char *const argv[] = {"/tmp/copy", "nothing", NULL};
    int from = open("/proc/self/exe", O_RDONLY), to = open("/tmp/copy", O_WRONLY | O_CREAT, 0755);
    static char buffer[1 << 16];
    for (ssize_t n; (n = read(from, buffer, sizeof buffer)) > 0;)
        if (write(to, buffer, n) != n)
            break;
    close(to);
    /* With a noexec /tmp or the program's own confinement this fails; if it runs, the copy reports it. */
    if (getenv("TMP_IS_NOEXEC"))
        expect_refused("run a file from /tmp", execve("/tmp/copy", argv, NULL));
    unlink("/tmp/copy");
    expect_refused("run a shell", execve("/bin/sh", argv, NULL));
    expect_refused("memory file", syscall(SYS_memfd_create, "x", 0));
    expect_refused("execveat", syscall(SYS_execveat, from, "", argv, NULL, 0x1000));
}

static void system_calls(void) {
    static const struct { const char *name; long number; } calls[] = {
        {"ptrace", SYS_ptrace}, {"mount", SYS_mount}, {"umount2", SYS_umount2}, {"unshare", SYS_unshare}, {"setns", SYS_setns}, {"chroot", SYS_chroot},
        {"pivot_root", SYS_pivot_root}, {"bpf", SYS_bpf}, {"perf_event_open", SYS_perf_event_open}, {"keyctl", SYS_keyctl}, {"add_key", SYS_add_key},
        {"io_uring_setup", SYS_io_uring_setup}, {"userfaultfd", SYS_userfaultfd}, {"open_by_handle_at", SYS_open_by_handle_at}, {"init_module", SYS_init_module},
        {"finit_module", SYS_finit_module}, {"reboot", SYS_reboot}, {"settimeofday", SYS_settimeofday}, {"process_vm_readv", SYS_process_vm_readv},
        {"pidfd_open", SYS_pidfd_open}, {"pidfd_getfd", SYS_pidfd_getfd}, {"fsopen", SYS_fsopen}, {"move_mount", SYS_move_mount}, {"open_tree", SYS_open_tree},
        {"swapon", SYS_swapon}, {"syslog", SYS_syslog}, {"quotactl", SYS_quotactl}, {"acct", SYS_acct}, {"personality", SYS_personality}, {"setuid", SYS_setuid},
        {"setgroups", SYS_setgroups}, {"mknodat", SYS_mknodat}, {"landlock_create_ruleset", SYS_landlock_create_ruleset}, {"shmget", SYS_shmget}, {"msgget", SYS_msgget},
        {"symlinkat", SYS_symlinkat}, {"linkat", SYS_linkat}, {"fchmod", SYS_fchmod}, {"setxattr", SYS_setxattr}, {"name_to_handle_at", SYS_name_to_handle_at},
#ifdef __x86_64__
        {"iopl", SYS_iopl}, {"ioperm", SYS_ioperm}, {"modify_ldt", SYS_modify_ldt},
#endif
    };
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        errno = 0;
        long result = syscall(calls[i].number, 0, 0, 0, 0, 0, 0);
        /* Refused by the filter, not merely unhappy with its arguments. */
        if (result >= 0 || (errno != EPERM && errno != ENOSYS))
            expect_refused(calls[i].name, 0);
    }
    struct rlimit more = {1 << 20, 1 << 20};
    expect_refused("raise a limit of another", syscall(SYS_prlimit64, 1 + getpid(), RLIMIT_NOFILE, &more, NULL));
    expect_refused("terminal input injection", syscall(SYS_ioctl, 0, 0x5412, "x"));
}

static void temporary(void) {
    static char block[1 << 20];
    int fd = open("/tmp/fill", O_WRONLY | O_CREAT, 0600);
    long written = 0;
    for (ssize_t n; written < (64 << 20) && (n = write(fd, block, sizeof block)) > 0;)
        written += n;
    if (fd < 0 || written == 0)
        fprintf(stderr, "NOTE /tmp is not writable\n");
    if (written > (17 << 20))
        expect_refused("fill more than its share of /tmp", written);
    unlink("/tmp/fill");
}

static void *spin(void *end) {
    struct timespec now;
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_sec < *(time_t *)end);
    return NULL;
}

static void *wait_forever(void *unused) {
    for (;;)
        pause();
    return unused;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    /* Long enough to be looked at from outside before it ends. */
    usleep(1000000);
    if (!strcmp(mode, "escape")) {
        network(argv[2]);
        files(argv[3]);
        processes();
        execution();
        system_calls();
        temporary();
        fprintf(stderr, "DONE escapes=%d\n", escapes);
        return escapes ? 1 : 0;
    }
    if (!strcmp(mode, "memory")) {
        for (long i = 0; i < 4096; i++) {
            char *piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (piece != MAP_FAILED)
                memset(piece, 1, 1 << 20);
        }
        fprintf(stderr, "ESCAPE touched 4 GiB\n");
        return 0;
    }
    if (!strcmp(mode, "threads")) {
        int made = 0;
        pthread_attr_t small;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 65536);
        for (pthread_t thread; made < 5000 && pthread_create(&thread, &small, wait_forever, NULL) == 0;)
            made++;
        fprintf(stderr, "threads=%d\n", made);
        return 0;
    }
    if (!strcmp(mode, "cpu")) {
        struct timespec now, used;
        clock_gettime(CLOCK_MONOTONIC, &now);
        time_t end = now.tv_sec + 3;
        pthread_t threads[4];
        for (int i = 0; i < 4; i++)
            pthread_create(&threads[i], NULL, spin, &end);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        fprintf(stderr, "cpu_ms=%ld\n", used.tv_sec * 1000 + used.tv_nsec / 1000000);
        return 0;
    }
    if (!strcmp(mode, "handles")) {
        char seen[256] = "";
        for (int fd = 0; fd < 256; fd++)
            if (fcntl(fd, F_GETFD) >= 0)
                sprintf(seen + strlen(seen), "%d ", fd);
        struct stat st;
        fprintf(stderr, "handles=%s seals=%d mode=%d write=%d map=%d\n", seen, fcntl(3, 1034), fcntl(3, F_GETFL) & O_ACCMODE, (int)write(3, "x", 1),
                fstat(3, &st) == 0 && mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0) != MAP_FAILED);
        return 0;
    }
    if (!strcmp(mode, "x32")) {
#ifdef __x86_64__
        /* The other table of system calls, whose numbers a filter for this one does not know. */
        expect_refused("x32 getpid", syscall(0x40000000 | 39));
#endif
        return escapes;
    }
    if (!strcmp(mode, "sleep"))
        for (;;)
            sleep(1000);
    if (!strcmp(mode, "crash"))
        abort();
    return 3;
}
