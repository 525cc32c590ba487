using System.CommandLine;
using Merlon.App.Cli;
using Merlon.App.Roles.Control;
using Merlon.App.Roles.Gateway;
using Merlon.App.Roles.Node;

namespace Merlon.App.Roles;

/// <summary>Runs one role; started by 'merlon up' and hidden from people.</summary>
internal static class RoleCommand
{
    public static Command Make()
    {
        var role = new Argument<string>("ROLE");
        role.AcceptOnlyFromAmong("control", "gateway", "node");
        return new Command("run-role", "Run one role (started by 'merlon up')") { Hidden = true }.With(role).Does(async (result, _) =>
        {
            var start = RoleStart.Read();
            return result.GetValue(role) switch
            {
                "control" => await ControlRole.RunAsync(start),
                "gateway" => await GatewayRole.RunAsync(start),
                _ => await NodeRole.RunAsync(start),
            };
        });
    }
}
