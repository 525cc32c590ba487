using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using Merlon.Kernel;
using Merlon.Onnx.Contracts;
using Merlon.Sandbox.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Merlon.ModelWorker;

/// <summary>
/// The memory file with the artifact, mapped, hashed and found to be the expected one. INVARIANT: the bytes that were hashed are the bytes that are
/// loaded; they come from this one mapping, which is sealed, and never from a disk.
/// </summary>
internal sealed unsafe class SealedArtifact : IDisposable
{
    private readonly WorkerLaunch _launch;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private SealedArtifact(WorkerLaunch launch, MemoryMappedFile file, MemoryMappedViewAccessor view)
    {
        _launch = launch;
        _file = file;
        _view = view;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    public Digest Manifest => _launch.Manifest;

    /// <exception cref="ArtifactMismatchException">The memory file is not sealed, or is not the artifact that the launch description names.</exception>
    public static SealedArtifact Open(WorkerLaunch launch)
    {
        var handle = new SafeFileHandle(WorkerLaunch.ArtifactHandle, ownsHandle: true);
        if (!MemorySeals.AreComplete(handle))
            throw new ArtifactMismatchException("Handle 3 is not a sealed memory file.");
        var length = RandomAccess.GetLength(handle);
        if (launch.Files.Any(file => file.Size < 0) || launch.Files.Sum(file => (decimal)file.Size) != length || length == 0)
            throw new ArtifactMismatchException($"The memory file has {length} bytes, which are not those of the files in the launch description.");
        var file = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        var artifact = new SealedArtifact(launch, file, file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read));
        artifact.Verify();
        return artifact;
    }

    /// <summary>Loads the main file; the other files stand ready as its external data.</summary>
    /// <exception cref="OnnxException">The runtime refuses the model.</exception>
    public OnnxSession LoadModel()
    {
        var main = -1;
        var external = new List<ExternalFile>();
        long offset = 0;
        // External data are named relative to the model's own folder.
        var folder = _launch.MainFile.LastIndexOf('/') is var slash and >= 0 ? _launch.MainFile[..(slash + 1)] : "";
        long mainOffset = 0;
        for (var i = 0; i < _launch.Files.Length; i++)
        {
            var file = _launch.Files[i];
            if (file.Path == _launch.MainFile)
                (main, mainOffset) = (i, offset);
            else if (file.Size > 0 && file.Path.StartsWith(folder, StringComparison.Ordinal))
                external.Add(new ExternalFile(file.Path[folder.Length..], (nint)(_start + offset), file.Size));
            offset += file.Size;
        }
        if (main < 0 || _launch.Files[main].Size > int.MaxValue)
            throw new OnnxException($"The artifact has no file '{Text.Printable(_launch.MainFile, 200)}' of at most 2 GiB.");
        var model = new ReadOnlySpan<byte>(_start + mainOffset, (int)_launch.Files[main].Size);
        return OnnxSession.Load(model, external.ToArray(), new OnnxSessionOptions { IntraOpThreads = _launch.IntraOpThreads });
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private void Verify()
    {
        var files = new ArtifactFile[_launch.Files.Length];
        long offset = 0;
        for (var i = 0; i < files.Length; i++)
        {
            var file = _launch.Files[i];
            files[i] = file with { Sha256 = Hash(_start + offset, file.Size) };
            offset += file.Size;
        }
        Digest found;
        try
        {
            found = ManifestDigest.Compute(files);
        }
        catch (ArgumentException e)
        {
            throw new ArtifactMismatchException(e.Message);
        }
        if (found != _launch.Manifest)
            throw new ArtifactMismatchException($"The artifact in memory is {found}; expected is {_launch.Manifest}.");
    }

    private static Digest Hash(byte* start, long size)
    {
        const int part = 1 << 30;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long done = 0; done < size; done += part)
            hash.AppendData(new ReadOnlySpan<byte>(start + done, (int)Math.Min(part, size - done)));
        return new Digest(hash.GetHashAndReset());
    }
}
