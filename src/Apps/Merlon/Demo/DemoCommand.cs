using System.CommandLine;
using Merlon.App.Cli;

namespace Merlon.App.Demo;

internal static class DemoCommand
{
    public static Command Make() => new("demo", "Show a model protected and attacks stopped");
}
