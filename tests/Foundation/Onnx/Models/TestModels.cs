using System.Diagnostics;
using System.Text.Json;

namespace Merlon.Onnx.Tests.Models;

/// <summary>Models made by scikit-learn, PyTorch and onnx, once per test run, with the outputs that those compute.</summary>
public static class TestModels
{
    private static readonly Lazy<string> s_folder = new(Make);

    /// <summary>The folder of one model: model.onnx and what lies beside it.</summary>
    public static string Folder(string name) => Path.Combine(s_folder.Value, name);

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Folder(name), "model.onnx"));

    public static IReadOnlyList<TestCase> Cases(string name)
    {
        using var stream = File.OpenRead(Path.Combine(Folder(name), "cases.json"));
        return JsonSerializer.Deserialize<List<TestCase>>(stream, JsonSerializerOptions.Web)!;
    }

    private static string Make()
    {
        var folder = Directory.CreateTempSubdirectory("merlon-models-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var script = Path.Combine(AppContext.BaseDirectory, "make_models.py");
        using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-W", "ignore", script, folder]) { RedirectStandardError = true, UseShellExecute = false })!;
        var error = python.StandardError.ReadToEnd();
        python.WaitForExit();
        return python.ExitCode == 0
            ? folder
            : throw new InvalidOperationException($"The test models could not be made (needs Debian's python3-onnx, python3-sklearn and python3-torch): {error}");
    }
}

public sealed record TestCase(IReadOnlyList<TestTensor> Inputs, IReadOnlyList<TestTensor> Outputs);

public sealed record TestTensor(string Name, string Type, long[] Shape, JsonElement[] Data);
