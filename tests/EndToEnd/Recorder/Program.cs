using Merlon.EndToEnd.Recorder;

// recorder CONTROL GATEWAY CA TOKEN-FILE ENDPOINT KEY-FILE BODY-FILE JOURNAL: pushes, makes and revokes keys and calls the endpoint without a pause, and
// writes down what was acknowledged, until its standard input ends.
using var journal = new Journal(args[7]);
using var stop = new CancellationTokenSource();
var client = new Client(args[0], args[1], args[2], File.ReadAllText(args[3]).Trim());
Task[] loops =
[
    Task.Run(() => new Pusher(client, journal).RunAsync(stop.Token)),
    Task.Run(() => new KeyMaker(client, journal, args[4]).RunAsync(stop.Token)),
    Task.Run(() => new Caller(client, journal, args[4], File.ReadAllText(args[5]).Trim(), File.ReadAllText(args[6])).RunAsync(stop.Token)),
];
Console.Out.WriteLine("recording");
while (Console.In.ReadLine() is not null)
{
    // Only the end of the input matters.
}
await stop.CancelAsync();
await Task.WhenAll(loops);
return 0;
