using System.IO.Compression;
using System.Text;
using static Merlon.Scanning.Tests.Content.ContentCases;

namespace Merlon.Scanning.Tests.Content;

public sealed class KerasTests
{
    internal const string Dense = """
        {"module":"keras.layers","class_name":"Dense","config":{"name":"d","trainable":true,"dtype":{"module":"keras","class_name":"DTypePolicy","config":{"name":"float32"},"registered_name":null},
        "units":2,"activation":"relu","kernel_initializer":{"module":"keras.initializers","class_name":"GlorotUniform","config":{"seed":null},"registered_name":null}},"registered_name":null,"build_config":{"input_shape":[null,3]}}
        """;

    internal static string Model(string layers, string compile = """{"optimizer":{"module":"keras.optimizers","class_name":"Adam","config":{"learning_rate":0.001},"registered_name":null},"loss":"mse","metrics":null}""") => $$"""
        {"module":"keras","class_name":"Sequential","config":{"name":"s","trainable":true,"layers":[{{layers}}]},"registered_name":null,"build_config":{"input_shape":[null,3]},"compile_config":{{compile}}}
        """;

    internal static byte[] Archive(string config, params (string Name, string Content)[] more)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in (IEnumerable<(string, string)>)[("metadata.json", """{"keras_version":"3.5.0","date_saved":"2025-01-01@00:00:00"}"""), ("config.json", config), .. more])
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(Encoding.UTF8.GetBytes(content));
            }
        }
        return stream.ToArray();
    }

    [Fact]
    public void Scan_OrdinaryArchive_Passes()
    {
        Passes("m.keras", Archive(Model(Dense)), "keras");
        Passes("m.keras", Archive(Model(Dense), ("assets/vocabulary.txt", "a\nb\n")), "keras");
        Passes("m.keras", Archive(Model("""{"module":"keras.layers","class_name":"Activation","config":{"activation":{"module":"builtins","class_name":"function","config":"relu","registered_name":"function"}},"registered_name":null}""")), "keras");
        Passes("config.json", Encoding.UTF8.GetBytes(Model(Dense)), "json");
        Passes("m.keras", Archive(Model(Dense).Replace("\"keras.", "\"tf_keras.", StringComparison.Ordinal)), "keras");
    }

    [Theory]
    [InlineData("""{"module":"keras.layers","class_name":"Lambda","config":{"function":{"class_name":"__lambda__","config":{"code":"4wEAAAA="}}},"registered_name":null}""", "keras.lambda")]
    [InlineData("""{"module":"keras.layers","class_name":"\u004cambda","config":{},"registered_name":null}""", "keras.lambda")]
    [InlineData("""{"module":"builtins","class_name":"exec","config":{},"registered_name":null}""", "keras.class")]
    [InlineData("""{"module":"keras.models","class_name":"load_model","config":{},"registered_name":null}""", "keras.class")]
    [InlineData("""{"module":"keras.src.utils.file_utils","class_name":"get_file","config":{},"registered_name":null}""", "keras.class")]
    [InlineData("""{"module":"subprocess","class_name":"Dense","config":{},"registered_name":null}""", "keras.class")]
    [InlineData("""{"module":"keras.layers","class_name":"TFSMLayer","config":{"filepath":"/tmp/x"},"registered_name":null}""", "keras.class")]
    [InlineData("""{"module":"keras.layers","class_name":["Dense"],"config":{},"registered_name":null}""", "keras.class")]
    [InlineData("""{"module":"keras.layers","class_name":"Dense","class_name":"Lambda","config":{},"registered_name":null}""", "keras.duplicate-key")]
    [InlineData("""{"module":"keras.layers","class_name":"Dense","config":{},"registered_name":"evil>Thing"}""", "keras.custom-object")]
    [InlineData("""{"module":"keras.layers","class_name":"Activation","config":{"activation":{"module":"os","class_name":"function","config":"relu","registered_name":"function"}},"registered_name":null}""", "keras.function")]
    [InlineData("""{"module":"keras.layers","class_name":"Activation","config":{"activation":{"module":"builtins","class_name":"function","config":"system","registered_name":"function"}},"registered_name":null}""", "keras.function")]
    [InlineData("""{"module":"keras.layers","class_name":"Dense","config":{"custom_objects":{}},"registered_name":null}""", "keras.custom-object")]
    public void Scan_HostileConfiguration_IsBlocked(string layer, string rule)
    {
        Blocks("m.keras", Archive(Model(layer)), rule);
        Blocks("config.json", Encoding.UTF8.GetBytes(Model(layer)), rule);
    }

    [Fact]
    public void Scan_HostileCompileConfiguration_IsBlocked() =>
        Blocks("m.keras", Archive(Model(Dense, """{"loss":{"module":"os","class_name":"system","config":{}}}""")), "keras.class");

    [Fact]
    public void Scan_ArchiveWithOtherEntries_IsBlocked()
    {
        Blocks("m.keras", Archive(Model(Dense), ("evil.pkl", "cos\nsystem\n.")), "keras.entry");
        Blocks("m.keras", Archive(Model(Dense), ("config.json", Model(Dense))), "zip.duplicate-name");
        Blocks("m.keras", Archive(Model(Dense), ("assets/run.sh", "#!/bin/sh\n")), "executable.script");
        Blocks("m.keras", Archive(Model(Dense), ("model.weights.h5", "no hdf5 \u0001")), "file.unknown");
        Blocks("m.keras", Archive("{"), "keras.config");
        Blocks("m.keras", Archive(Model(Dense))[..^10], "zip.end-record");
    }

    [Fact]
    public void Scan_EntriesAndConfigurationAtAndOverTheBound_PassAndBlock()
    {
        static (string, string)[] Assets(int count) => [.. Enumerable.Range(0, count).Select(i => ($"assets/{i}.txt", "a"))];
        Passes("m.keras", Archive(Model(Dense), Assets(Keras.Limits.Entries - 2)), "keras");
        Blocks("m.keras", Archive(Model(Dense), Assets(Keras.Limits.Entries - 1)), "keras.archive");
        var model = Model(Dense);
        Passes("m.keras", Archive(model.PadRight(Keras.Limits.ConfigurationBytes)), "keras");
        Blocks("m.keras", Archive(model.PadRight(Keras.Limits.ConfigurationBytes + 1)), "keras.config");
    }
}
