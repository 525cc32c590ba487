using Merlon.Access.Authorization;
using Merlon.Access.Contracts;
using Merlon.Access.Factors;
using Merlon.Access.Federation;
using Merlon.Access.Issuers;
using Merlon.Access.Model;
using Merlon.Access.Sessions;
using Merlon.Access.SignIn;
using Merlon.Access.Sso;
using Merlon.Access.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.People;

/// <summary>What signs people in: ASP.NET Core Identity's hasher and passkeys underneath, and the use cases on them.</summary>
internal static class PeopleServices
{
    public static IServiceCollection AddPeople(this IServiceCollection services)
    {
        services.AddIdentityCore<Person>().AddUserStore<PersonStore>();
        services.AddScoped<PersonStore>();
        services.AddScoped<IPasskeyHandler<Person>, PasskeyHandler<Person>>();
        services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = Passwords.Iterations);
        services.Configure<IdentityPasskeyOptions>(passkeys =>
        {
            // A passkey stands for both factors, so the authenticator must have verified its user.
            passkeys.UserVerificationRequirement = "required";
            passkeys.ResidentKeyRequirement = "required";
        });
        return services
            .AddSingleton(_ => new PasswordGate()).AddSingleton<PeopleSecrets>()
            .AddScoped<Passwords>().AddScoped<FactorCheck>().AddScoped<PasskeyService>()
            .AddScoped<Challenges>().AddScoped<FailureLog>().AddScoped<TrustedDevices>().AddScoped<SignInBook>().AddScoped<SignInService>()
            .AddSingleton<IssuerDirectory>().AddSingleton<IssuedTokens>().AddScoped<OneTimeTokens>()
            .AddScoped<ProviderService>().AddScoped<SsoPeople>().AddScoped<SsoFlow>().AddScoped<ProviderLogout>()
            .AddScoped<FederationService>().AddScoped<TokenService>()
            .AddScoped<SessionIssuer>().AddScoped<SessionKeeper>().AddScoped<AccountKeeper>()
            // Their constructors are internal, since what they take is.
            .AddScoped(p => new SessionDesk(Get<AccessDb>(p), Get<SessionIssuer>(p), Get<ControlEvents>(p), Get<TimeProvider>(p)))
            .AddScoped(p => new SignInDesk(Get<SignInService>(p), Get<PasskeyService>(p), Get<AccessDb>(p), Get<SessionDesk>(p)))
            .AddScoped(p => new SsoDesk(Get<AccessDb>(p), Get<SsoFlow>(p), Get<SignInService>(p), Get<Authorizer>(p), Get<AccountKeeper>(p)))
            .AddScoped(p => new DeviceDesk(Get<AccessDb>(p), Get<PeopleSecrets>(p), Get<SessionIssuer>(p), Get<ControlEvents>(p), Get<TimeProvider>(p)))
            .AddScoped(p => new PersonalAccount(Get<AccessDb>(p), Get<PeopleSecrets>(p), Get<FactorCheck>(p), Get<PasskeyService>(p), Get<AccountKeeper>(p), Get<Passwords>(p)));
    }

    private static T Get<T>(IServiceProvider provider)
        where T : notnull => provider.GetRequiredService<T>();
}
