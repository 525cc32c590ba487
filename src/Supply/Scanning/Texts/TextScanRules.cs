using Merlon.Scanning.Content;

namespace Merlon.Scanning.Texts;

internal static class TextScanRules
{
    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("file.too-large", "A text too large to be read", "What was not read was not judged.", "Split it, or leave it out.", null, 400),
        new("file.not-text", "Text with bytes that are no text", "Something is hidden in it, or it is something else.", "Remove it.", "AML.T0011.000", 434),
        new("file.pickle", "A pickle in text form", "Loading it runs what it names.", "Save the data in a format that holds no code, such as safetensors or JSON.", "AML.T0011.000", 502),
        new("file.secret", "What looks like a secret key", "Whoever gets the model gets the key.", "Remove it and revoke the key.", "AML.T0055", 798),
        new("file.remote-code", "Configuration that makes a loader run code from elsewhere", "The loader imports Python that comes with the model or from the network.", "Remove the setting, and use a model class of the library.", "AML.T0011.000", 829),
        new("text.hydra-target", "Configuration that names a Python callable", "Hydra and its kin import and call whatever stands in _target_.", "Name a class of a known library only, or remove the key.", "AML.T0011.000", 470),
        new("text.yaml-tag", "A YAML tag that makes a loader build objects", "An unsafe YAML loader calls what the tag names.", "Write plain YAML without tags.", "AML.T0011.000", 502),
        new("text.python", "Python code beside a model", "A loader that trusts remote code imports it.", "Read it before use; keep code in a package of its own.", "AML.T0011.000", 829),
        new("text.malformed", "Not what its name says", "A lenient reader may see what a strict one does not.", "Write it again.", null, 20),
        new("text.bidi-control", "Characters that change the direction of text", "What people read is not what programs read.", "Remove the characters.", null, 1007),
        new("notebook.shell", "A notebook cell that runs shell commands", "Running the notebook runs them with your rights.", "Read the cell; install packages outside of the notebook.", "AML.T0011", 78),
        new("notebook.download-execute", "A notebook cell that runs what it downloads", "It is another program each time.", "Remove the cell.", "AML.T0011", 494),
        new("notebook.script-output", "A notebook output with a script", "Opening a trusted notebook runs it in the browser, with your session.", "Clear the outputs before sharing.", "AML.T0011", 79),
    ];
}
