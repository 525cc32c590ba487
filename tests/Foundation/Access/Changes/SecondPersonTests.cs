using Merlon.Access.Contracts;
using Merlon.ControlHost;

namespace Merlon.Access.Tests.Changes;

/// <summary>A second person is one: not somebody whom the first has made up.</summary>
public sealed class SecondPersonTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    private ControlClient Owner => _host.Owner!;

    public async Task InitializeAsync() => _host = await AccessHost.StartAsync(new AccessOptions());

    public async Task DisposeAsync()
    {
        Assert.Empty(_host.Faults);
        await _host.DisposeAsync();
    }

    private static async Task<string> AskAsync(ControlClient author, string subject, string model)
    {
        var asked = await author.BindAsync(subject, "auditor", "model/" + model);
        Assert.Equal("pending", asked.Text("status"));
        return asked.Text("change");
    }

    private static async Task<string> ApproveAsync(ControlClient who, string change)
    {
        var answer = await who.PostAsync($"/access/changes/{change}/approve");
        return answer.IsSuccess ? answer.Text("status") : answer.Code;
    }

    [Fact]
    public async Task Approval_ByAPersonWhomTheAuthorJustMade_IsRefused()
    {
        var change = await AskAsync(Owner, "admin", "fraud");
        var made = await _host.AddAsync("made", "owner");
        Assert.Equal("change.dependent", await ApproveAsync(made, change));
        // Having signed in by themselves is not enough either, as long as the account is young.
        Assert.Equal("change.dependent", await ApproveAsync(await _host.ProveAsync(made, "made"), change));
        // Nor is a person made by such a person.
        Assert.True((await made.PostAsync("/principals", new { name = "grandchild", role = "owner" })).IsSuccess);
        var code = (await made.PostAsync("/principals/grandchild/invitation")).Text("token");
        Assert.Equal("change.dependent", await ApproveAsync(await _host.EnrolAsync(_host.Client(code)), change));
        Assert.Empty(_host.Events.Of("binding.create"));
    }

    [Fact]
    public async Task Approval_ByAPersonOfAge_TakesThatTheyHaveSignedInByThemselves()
    {
        var owner = await _host.ProveAsync(Owner, "admin");
        var sleeper = await _host.AddAsync("sleeper", "owner");
        var proved = await _host.ProveAsync(await _host.AddAsync("proved", "owner"), "proved");
        _host.Time.Advance(TimeSpan.FromDays(31));
        owner = await _host.SignInAsync(owner, "admin");
        proved = await _host.SignInAsync(proved, "proved");
        var change = await AskAsync(owner, "admin", "fraud");
        Assert.Equal("change.dependent", await ApproveAsync(sleeper, change));
        Assert.Equal("done", await ApproveAsync(proved, change));
        // New factors from the author's hand begin it anew.
        Assert.True((await owner.PostAsync("/principals/proved/invitation")).IsSuccess);
        var code = (await owner.PostAsync("/principals/proved/invitation")).Text("token");
        var invited = await _host.ProveAsync(await _host.EnrolAsync(_host.Client(code)), "proved");
        Assert.Equal("change.dependent", await ApproveAsync(invited, await AskAsync(owner, "admin", "other")));
    }

    /// <summary>Who makes a person could ask through them: their maker's rights count as their own.</summary>
    [Fact]
    public async Task Change_OfTheRightsOfOnesMaker_WaitsToo_AndTheMakerDoesNotApproveIt()
    {
        var made = await _host.AddAsync("made", "owner");
        var change = await AskAsync(made, "admin", "fraud");
        Assert.Equal("change.own", await ApproveAsync(Owner, change));
        Assert.Equal("change.dependent", await ApproveAsync(await _host.AddAsync("also-made", "owner"), change));
    }

    /// <summary>What concerns only the younger one is for the elder to approve: two owners are enough for that.</summary>
    [Fact]
    public async Task Change_OfTheYoungersOwnRights_IsApprovedByTheirMaker()
    {
        var made = await _host.AddAsync("made", "owner");
        Assert.Equal("done", await ApproveAsync(Owner, await AskAsync(made, "made", "fraud")));
    }
}
