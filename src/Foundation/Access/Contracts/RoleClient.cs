using System.Net.Sockets;
using Merlon.Access.Authorization;

namespace Merlon.Access.Contracts;

/// <summary>How a role speaks to control: HTTP over control's Unix socket, named by the role's start token.</summary>
public static class RoleClient
{
    /// <summary>Longer than control's long polls.</summary>
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    public static HttpClient Connect(string controlSocket, string roleToken)
    {
        var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(controlSocket), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        {
            BaseAddress = new Uri("http://control/internal/"),
            Timeout = s_timeout,
        };
        http.DefaultRequestHeaders.Add(RoleTokens.Header, roleToken);
        return http;
    }
}
