using Merlon.Gateway.Callers;
using Merlon.Gateway.Snapshots;
using Merlon.Kernel;

namespace Merlon.Gateway.Pipeline;

/// <summary>
/// Who calls what, looked up once. Policy, limits, dispatcher and event all read this value, so what was authorised is what is executed.
/// </summary>
internal sealed record ResolvedCall(Caller Caller, EndpointTarget Target);
