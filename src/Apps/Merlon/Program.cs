using Merlon.App.Cli;

return await MerlonCli.RunAsync(args);
