using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace LamdAgent.TestKit;

/// <summary>
/// A real RabbitMQ of its own: its own node name, ports and folder, on loopback, run as the current user. It can be stopped and started again
/// with everything durable kept.
/// </summary>
public sealed class RabbitMqBroker : IAsyncDisposable
{
    // The scripts below /usr/lib run as any user; the ones in /usr/sbin insist on the user rabbitmq. Another version can be named to be tried by hand.
    private static readonly string Scripts = Environment.GetEnvironmentVariable("LAMD_TEST_RABBITMQ") ?? "/usr/lib/rabbitmq/bin";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);
    private readonly TemporaryFolder _folder = new();
    private readonly string _node = $"lamd{Environment.ProcessId}x{Guid.NewGuid().ToString("N")[..6]}@localhost";
    private readonly int _distributionPort = FreePort();
    private Process? _process;

    private RabbitMqBroker(string[] configuration)
    {
        File.WriteAllLines(_folder["rabbitmq.conf"], ["loopback_users = none", "log.console = false", .. configuration]);
        File.WriteAllText(_folder["enabled_plugins"], "[].\n");
    }

    /// <summary>The port that AMQP clients connect to.</summary>
    public int Port { get; } = FreePort();

    /// <summary>The address with the broker's default credentials, which it accepts from loopback only.</summary>
    public Uri Uri => new($"amqp://guest:guest@127.0.0.1:{Port}");

    /// <summary>Starts a broker and waits until it accepts connections (about 8 s).</summary>
    /// <param name="configuration">Further lines of <c>rabbitmq.conf</c>, for instance <c>consumer_timeout = 5000</c>.</param>
    public static async Task<RabbitMqBroker> StartAsync(params string[] configuration)
    {
        var broker = new RabbitMqBroker(configuration);
        await broker.StartAgainAsync();
        return broker;
    }

    /// <summary>Starts the broker after <see cref="StopAsync"/>, on the same port with the same queues.</summary>
    public async Task StartAgainAsync()
    {
        if (!File.Exists(Script("rabbitmq-server")))
        {
            throw new InvalidOperationException($"RabbitMQ is not in {Scripts}: apt-get install rabbitmq-server, or name its folder in LAMD_TEST_RABBITMQ");
        }

        _process = Process.Start(Command(Script("rabbitmq-server")))!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var waiting = Stopwatch.StartNew();
        while (!await AcceptsAsync())
        {
            if (_process.HasExited || waiting.Elapsed > StartTimeout)
            {
                throw new InvalidOperationException($"RabbitMQ did not start on port {Port}: {ReadLog()}");
            }

            await Task.Delay(200);
        }
    }

    /// <summary>Makes a virtual host, which has queues of its own, and gives its address.</summary>
    public async Task<Uri> AddVirtualHostAsync(string name)
    {
        // One call instead of two: each starts an Erlang node.
        var script = $"rabbit_vhost:add(<<\"{name}\">>, <<\"test\">>), rabbit_auth_backend_internal:set_permissions(<<\"guest\">>, <<\"{name}\">>, <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"test\">>).";
        await ControlAsync("eval", script);
        return new Uri(Uri, name);
    }

    /// <summary>Names of all queues of a virtual host.</summary>
    public async Task<IReadOnlyList<string>> ListQueuesAsync(Uri virtualHost) =>
        [.. (await ControlAsync("list_queues", "--no-table-headers", "-p", virtualHost.AbsolutePath is "/" or "" ? "/" : virtualHost.AbsolutePath[1..], "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    /// <summary>What the broker has logged so far.</summary>
    public string ReadLog() => Directory.Exists(_folder["log"])
        ? string.Join('\n', Directory.EnumerateFiles(_folder["log"], "*.log").Select(ReadShared)).Trim()
        : "it wrote no log";

    /// <summary>Stops the broker as an operator would; durable queues and persistent messages stay on disk.</summary>
    public async Task StopAsync()
    {
        if (_process is null)
        {
            return;
        }

        await ControlAsync("stop");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
        _process = null;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _folder.Dispose();
    }

    private static string Script(string name) => Path.Combine(Scripts, name);

    private ProcessStartInfo Command(string file, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        var environment = start.Environment;
        environment["HOME"] = _folder.Path; // the Erlang cookie lives here
        environment["RABBITMQ_NODENAME"] = _node;
        environment["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1";
        environment["RABBITMQ_NODE_PORT"] = $"{Port}";
        environment["RABBITMQ_DIST_PORT"] = $"{_distributionPort}";
        environment["RABBITMQ_MNESIA_BASE"] = _folder["data"];
        environment["RABBITMQ_LOG_BASE"] = _folder["log"];
        environment["RABBITMQ_CONFIG_FILE"] = _folder["rabbitmq.conf"];
        environment["RABBITMQ_ENABLED_PLUGINS_FILE"] = _folder["enabled_plugins"];
        environment["RABBITMQ_PID_FILE"] = _folder["pid"];
        // Overdue deliveries are looked for every second instead of every minute.
        environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} -rabbit channel_tick_interval 1000";
        environment["RABBITMQ_CTL_ERL_ARGS"] = "";
        environment["ERL_EPMD_ADDRESS"] = "127.0.0.1";
        return start;
    }

    private async Task<bool> AcceptsAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            var header = "AMQP\0\0\u0009\u0001"u8.ToArray();
            await client.GetStream().WriteAsync(header);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            return await client.GetStream().ReadAsync(new byte[1], patience.Token) == 1; // a broker that is ready answers the greeting
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private async Task<string> ControlAsync(params string[] arguments)
    {
        using var control = Process.Start(Command(Script("rabbitmqctl"), ["-q", "-n", _node, .. arguments]))!;
        var errors = control.StandardError.ReadToEndAsync();
        var output = await control.StandardOutput.ReadToEndAsync();
        await control.WaitForExitAsync();
        return control.ExitCode == 0 ? output : throw new InvalidOperationException($"rabbitmqctl {arguments[0]}: {output}{await errors}");
    }

    private static string ReadShared(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    private static int FreePort()
    {
        var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        return port;
    }
}
