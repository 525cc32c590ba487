using Merlon.Access.Contracts;
using Merlon.App.Cli;

namespace Merlon.App.Demo;

/// <summary>A person in the story, with an authenticator in their pocket.</summary>
internal static class DemoPerson
{
    private static readonly Dictionary<ApiClient, (byte[] Secret, long Step)> s_pockets = [];

    public static ApiClient Client(Credentials credentials)
    {
        ApiClient? client = null;
        return client = new ApiClient(credentials.Server, credentials.CaPem, credentials.Token) { FreshCode = cancellationToken => CodeAsync(client!, cancellationToken) };
    }

    public static async Task EnrolAsync(ApiClient client, CancellationToken cancellationToken)
    {
        var begun = await client.PostAsync("me/totp", null, cancellationToken);
        s_pockets[client] = (Totp.Bytes(begun.Get("secret")), 0);
        await client.PostAsync("me/totp/confirm", new { code = await CodeAsync(client, cancellationToken) }, cancellationToken);
    }

    /// <summary>The next code that was not shown yet; waits for one when all that are good now were.</summary>
    private static async Task<string> CodeAsync(ApiClient client, CancellationToken cancellationToken)
    {
        var (secret, last) = s_pockets[client];
        long step;
        while ((step = Math.Max(last + 1, Totp.StepAt(TimeProvider.System.GetUtcNow()) - 1)) > Totp.StepAt(TimeProvider.System.GetUtcNow()) + 1)
            await Task.Delay(200, cancellationToken);
        s_pockets[client] = (secret, step);
        return Totp.CodeOf(secret, step);
    }
}
