using FsCheck;
using FsCheck.Fluent;
using Merlon.Access.Policy;

namespace Merlon.Access.Tests.Policy;

public sealed class DecisionProperties
{
    private static readonly Config s_config = Config.QuickThrowOnFailure.WithMaxTest(5_000);

    [Fact]
    public void Decide_AnyQuestion_IsWhatTheExplanationSays() => Prop.ForAll(States.All.ToArbitrary(), States.Questions.ToArbitrary(), (state, q) =>
    {
        var snapshot = new AccessSnapshot(state);
        return snapshot.Decide(q.Principal, q.Verb, q.Target, q.Context).Allowed
            == Explanation.Of(snapshot, q.Principal, q.Verb, q.Target, q.Context).Allowed;
    }).Check(s_config);

    [Fact]
    public void Decide_AfterADenyIsAdded_NeverAllowsMore() => Prop.ForAll(
        States.All.ToArbitrary(), States.Bindings.ToArbitrary(), States.Questions.ToArbitrary(), (state, added, q) =>
            new AccessSnapshot(state).Decide(q.Principal, q.Verb, q.Target, q.Context).Allowed
            || !new AccessSnapshot(state.With(added with { Effect = BindingEffect.Deny })).Decide(q.Principal, q.Verb, q.Target, q.Context).Allowed).Check(s_config);

    [Fact]
    public void Decide_AfterAGrantIsRemoved_NeverAllowsMore() => Prop.ForAll(States.All.ToArbitrary(), States.Questions.ToArbitrary(), (state, q) =>
    {
        var allowed = new AccessSnapshot(state).Decide(q.Principal, q.Verb, q.Target, q.Context).Allowed;
        return allowed || state.Bindings.Values.Where(b => b.Effect == BindingEffect.Allow).All(
            b => !new AccessSnapshot(state with { Bindings = state.Bindings.Remove(b.Id) }).Decide(q.Principal, q.Verb, q.Target, q.Context).Allowed);
    }).Check(s_config);

    [Fact]
    public void Decide_WhateverStandsInAnotherOrganisation_IsTheSame() => Prop.ForAll(States.All.ToArbitrary(), States.Questions.ToArbitrary(), (state, q) =>
    {
        var own = state with
        {
            Bindings = state.Bindings.RemoveRange(state.Bindings.Values.Where(b => b.Organisation != q.Target.Organisation).Select(b => b.Id)),
            Groups = state.Groups.RemoveRange(state.Groups.Keys.Where(k => k.Organisation != q.Target.Organisation)),
        };
        var allowed = new AccessSnapshot(state).Decide(q.Principal, q.Verb, q.Target, q.Context).Allowed;
        return allowed == new AccessSnapshot(own).Decide(q.Principal, q.Verb, q.Target, q.Context).Allowed
            && (!allowed || state.Members[q.Principal].Organisation == q.Target.Organisation);
    }).Check(s_config);

    [Fact]
    public void Decide_RandomQuestions_AreAnsweredBothWays()
    {
        // The properties above would hold for a program that refuses everything.
        var answers = (from state in States.All from q in States.Questions select new AccessSnapshot(state).Decide(q.Principal, q.Verb, q.Target, q.Context).Allowed)
            .Sample(2_000);
        Assert.InRange(answers.Count(a => a), 50, 1_950);
    }
}
