# Sourced by ./merlon, ./test and bench/run: builds into artifacts/ and installs what the machine lacks.

merlon_say() { printf 'merlon: %s\n' "$*" >&2; }

# Stops with the exact command when a tool is missing and cannot be installed here.
merlon_os_packages() {
  local missing=() package
  for package in "$@"; do
    # A program that came by another way than the package manager is as good.
    command -v "$(merlon_program_of "$package")" >/dev/null 2>&1 && continue
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    merlon_say "installing ${missing[*]}"
    # One try with the lists at hand, one with fresh ones.
    if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 \
      || { apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
      return 0
    fi
  fi
  merlon_say "these packages are needed: ${missing[*]}"
  merlon_say "install them with: sudo apt-get update && sudo apt-get install -y ${missing[*]}"
  return 1
}

merlon_program_of() {
  case "$1" in
    bubblewrap) echo bwrap ;;
    runc | curl | openssl | gcc | chromium) echo "$1" ;;
    *) echo "no-program-of-$1" ;;
  esac
}

merlon_tools() {
  if ! command -v dotnet >/dev/null; then
    merlon_say "the .NET 10 SDK is needed and 'dotnet' is not on the PATH."
    exit 2
  fi
  if ! command -v npm >/dev/null; then
    merlon_say "Node.js with npm is needed (it brings the ONNX Runtime library), and 'npm' is not on the PATH."
    exit 2
  fi
}

# True when a source is newer than the last finished build.
merlon_is_stale() {
  local root=$1 stamp=$1/artifacts/.built
  [ -f "$stamp" ] || return 0
  [ -n "$(find "$root/src" "$root/eng" "$root/samples" "$root"/Directory.*.props "$root/global.json" \
    \( -name obj -o -name bin -o -name node_modules \) -prune -o -newer "$stamp" \( -type f -o -type d \) -print -quit 2>/dev/null)" ]
}

# The program is started by its own host, which does not look at the PATH for the runtime.
merlon_dotnet_root() {
  if [ -z "${DOTNET_ROOT:-}" ] && command -v dotnet >/dev/null; then
    DOTNET_ROOT=$(dirname "$(readlink -f "$(command -v dotnet)")")
    export DOTNET_ROOT
  fi
}

merlon_build_if_stale() {
  local root=$1
  merlon_dotnet_root
  merlon_is_stale "$root" || return 0
  merlon_tools
  mkdir -p "$root/artifacts"
  # Two callers at once build once.
  exec 9>"$root/artifacts/.lock"
  flock 9
  if merlon_is_stale "$root"; then
    merlon_say "building (the first time takes a few minutes)"
    # Stamped before it begins: what is edited meanwhile is newer.
    touch "$root/artifacts/.building"
    merlon_publish "$root" >"$root/artifacts/build.log" 2>&1 || {
      grep -E 'error|npm ERR' "$root/artifacts/build.log" | sort -u | head -n 20 >&2
      merlon_say "the build failed; all of it is in artifacts/build.log"
      exit 2
    }
    mv "$root/artifacts/.building" "$root/artifacts/.built"
  fi
  exec 9>&-
}

merlon_publish() {
  local root=$1 out=$1/artifacts/next
  rm -rf "$out"
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
  # ReadyToRun: a role starts in a third of the time.
  dotnet publish "$root/src/Apps/Merlon" -c Release -p:PublishReadyToRun=true -o "$out" &&
    dotnet publish "$root/src/Apps/ModelWorker" -c Release -p:PublishReadyToRun=true -o "$out/workers/model" &&
    dotnet publish "$root/src/Apps/ScanWorker" -c Release -p:PublishReadyToRun=true -o "$out/workers/scan" || return 1
  rm -rf "$root/artifacts/merlon" && mv "$out" "$root/artifacts/merlon"
}
