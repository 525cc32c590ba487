using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.SignIn;

/// <summary>A refusal with its Retry-After.</summary>
internal sealed class RefusedResult(Refusal refusal) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => Problems.WriteAsync(httpContext, refusal);
}
