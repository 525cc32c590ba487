using System.Text.Json.Nodes;
using Merlon.EndToEnd.Tests.Installation;

namespace Merlon.EndToEnd.Tests.Operations;

/// <summary>Roles, groups, bindings, services and rotation as people use them, and the fixes that the review names.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class AccessCommandTests(ServedInstallation served)
{
    private Task<CommandResult> RunAsync(string words) => served.Instance.RunAsync(words.Split(' '));

    private static string Id(CommandResult made) => made.Json["subject"]!.GetValue<string>().Split('/')[1];

    [Fact]
    public async Task Binding_ThroughAGroup_Explains_Changes_AndGoes()
    {
        var reader = await served.Instance.SignInAsAsync("reader-of-one", "caller");
        (await RunAsync("role create readers --verb model:read endpoint:read")).Exits(0);
        (await RunAsync("group create team reader-of-one")).Exits(0);
        (await Instance.RunAsAsync(reader, "model", "show", "fraud")).Exits(1);
        var bound = Id((await RunAsync("binding add readers group:team --on model/fraud --json")).Exits(0));
        (await Instance.RunAsAsync(reader, "model", "show", "fraud")).Exits(0);
        var why = (await RunAsync("access explain reader-of-one model:read model/fraud --json")).Exits(0).Json;
        Assert.Equal(bound, why["chain"]!.AsArray().Single(b => b!["outcome"]!.GetValue<string>() == "allows")!["binding"]!.GetValue<string>());
        (await Instance.RunAsAsync(reader, "access", "explain", "ME", "model:push", "model/fraud")).Exits(1);
        (await RunAsync($"binding update {bound} --role approver --network 192.0.2.0/24")).Exits(0);
        (await Instance.RunAsAsync(reader, "model", "show", "fraud")).Exits(1);
        (await RunAsync($"binding remove {bound}")).Exits(0);
        (await RunAsync("group remove team")).Exits(0);
        (await RunAsync("role remove readers")).Exits(0);
        (await RunAsync("principal disable reader-of-one")).Exits(0);
    }

    [Fact]
    public async Task OwnRights_WaitForASecondOwner()
    {
        var second = await served.Instance.SignInAsAsync("second-owner", "owner");
        var asked = (await RunAsync("binding add auditor admin --on model/none --json")).Exits(1).Json;
        var change = asked["change"]!.GetValue<string>();
        (await RunAsync($"access approve {change}")).Exits(1);
        Assert.Contains(change, (await RunAsync("access changes")).Exits(0).Output, StringComparison.Ordinal);
        // Whom the first has just made is no second person; to refuse takes none.
        Assert.Contains("no second person", (await Instance.RunAsAsync(second, "access", "approve", change)).Exits(1).Error, StringComparison.Ordinal);
        (await Instance.RunAsAsync(second, "access", "refuse", change)).Exits(0);
        // What concerns only the second, the first approves.
        var own = (await Instance.RunAsAsync(second, "binding", "add", "auditor", "second-owner", "--on", "model/none", "--json")).Exits(1).Json["change"]!.GetValue<string>();
        (await RunAsync($"access approve {own}")).Exits(0);
        (await RunAsync("principal disable second-owner")).Exits(0);
        (await Instance.RunAsAsync(second, "whoami")).Exits(1);
    }

    [Fact]
    public async Task Key_Rotated_AnswersWithBothUntilTheOverlapEnds_AndADenyEndsIt()
    {
        var old = await served.NewKeyAsync("fraud", "turning");
        var made = (await RunAsync("key rotate turning --expires 1d --overlap 1h --json")).Exits(0).Json["key"]!.GetValue<string>();
        Assert.Equal(200, (await served.InferAsync("fraud", old)).Status);
        Assert.Equal(200, (await served.InferAsync("fraud", made)).Status);
        var last = (await RunAsync("key rotate turning --expires 1d --json")).Exits(0).Json["key"]!.GetValue<string>();
        Assert.Equal(401, (await served.InferAsync("fraud", made)).Status);
        (await RunAsync("binding add caller key:turning --on endpoint/fraud --deny")).Exits(0);
        Assert.Equal(401, (await served.InferAsync("fraud", last)).Status);
        (await RunAsync("key revoke turning")).Exits(0);
    }

    [Fact]
    public async Task Service_AndTheReview_NameWhatIsThere()
    {
        var token = (await RunAsync("service create robot --role auditor --json")).Exits(0).Json["token"]!.GetValue<string>();
        Assert.StartsWith("mt_", token, StringComparison.Ordinal);
        (await RunAsync("service rotate robot --overlap 1h")).Exits(0);
        Assert.Contains("robot", (await RunAsync("service list")).Exits(0).Output, StringComparison.Ordinal);
        var person = await served.Instance.SignInAsAsync("leaver", "owner");
        (await Instance.RunAsAsync(person, "service", "create", "left-behind", "--role", "caller")).Exits(0);
        (await RunAsync("principal disable leaver")).Exits(0);
        var findings = (await RunAsync("access review --json")).Exits(1).Json["findings"]!.AsArray();
        // Each fix is run as it stands, and then there is nothing left of it.
        foreach (var fix in findings.Where(f => f!["subject"]!.GetValue<string>() is "left-behind" or "leaver").Select(f => f!["fix"]!.GetValue<string>()))
            (await RunAsync(fix["merlon ".Length..])).Exits(0);
        Assert.DoesNotContain("leaver", ((JsonNode)(await RunAsync("access review --json")).Json["findings"]!).ToJsonString(), StringComparison.Ordinal);
        (await RunAsync("service disable robot")).Exits(0);
    }
}
