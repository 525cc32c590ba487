using Merlon.Bench.Whole;

// The bare endpoint is a process of its own, as the gateway is.
return args is ["bare", ..] ? await BareEndpoint.RunAsync(args) : await WholeBench.RunAsync(args[0]);
