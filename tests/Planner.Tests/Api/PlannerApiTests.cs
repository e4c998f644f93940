using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using LamdAgent.Domain;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Api;
using LamdAgent.Planner.Estimates;
using LamdAgent.Planner.Submission;
using LamdAgent.Storage;
using LamdAgent.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LamdAgent.Planner.Tests.Api;

/// <summary>The API over real HTTP on loopback, on a search whose workers the test plays.</summary>
public sealed partial class PlannerApiTests : IAsyncLifetime
{
    private readonly SearchHarness _search = new();
    private readonly TemporaryFolder _data = new();
    private readonly PlannerOptions _options = new();
    private WebApplication _app = null!;
    private PlannerClient _client = null!;

    private Uri Address => new(_app.Urls.Single());

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IRunStore>(_search.Store);
        builder.Services.AddSingleton(_search.Loop);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(Options.Create(_options));
        builder.Services.Configure<PlannerApiOptions>(o =>
        {
            o.DataRoot = _data.Path;
            o.Token = "letmein";
        });
        builder.Services.AddPlannerApi();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.MapPlannerApi();
        _app.MapOpenApi();
        await _app.StartAsync();
        _client = new PlannerClient(Address, null);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(2)).Token);
        await _app.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task A_search_can_be_looked_at_paused_resumed_and_cancelled()
    {
        await _search.AdvanceAsync();
        (await _client.ListAsync(default)).ShouldHaveSingleItem().Id.ShouldBe("toy");
        (await _client.PauseAsync("toy", default)).Status.ShouldBe(SearchStatus.Paused);
        (await _client.PauseAsync("toy", default)).Status.ShouldBe(SearchStatus.Paused); // again is no error
        (await _client.ResumeAsync("toy", default)).Status.ShouldBe(SearchStatus.Running);
        (await _client.StepsAsync("toy", default)).Count.ShouldBe(2);
        var over = await _client.CancelAsync("toy", default);
        over.Status.ShouldBe(SearchStatus.Cancelled);
        over.StatusReason.ShouldBe("by request");
        (await _client.StepsAsync("toy", default)).ShouldAllBe(s => s.State == StepState.Cancelled);
        (await Should.ThrowAsync<InvalidInputException>(_client.ResumeAsync("toy", default))).Message.ShouldBe("search toy is cancelled and cannot be changed to running");
        (await Should.ThrowAsync<InvalidInputException>(_client.GetAsync("none", default))).Message.ShouldBe("there is no search none");
    }

    [Fact]
    public async Task A_watch_tells_every_step_and_ends_with_the_search()
    {
        await _search.RunAsync();
        var seen = new List<string>();
        await foreach (var step in _client.WatchAsync("toy", default))
        {
            seen.Add(step.Id);
        }

        seen.ShouldBe((await _search.Steps()).Select(s => s.Id));
        var report = await _client.ReportAsync("toy", default);
        report.Best!.Test!.Score.ShouldBeGreaterThan(0.5);
    }

    [Fact]
    public async Task Specs_are_taken_from_the_shared_folder_and_from_nowhere_else()
    {
        File.WriteAllText(_data["outside.txt"], "x");
        var inside = SearchHarness.Yaml;
        SubmitRequest Request(string spec, string? id = null) => new(spec, "search.yaml", _data.Path, id, null, null, null);

        // Right place, but nothing there yet: the place is named, and nothing is written.
        (await Should.ThrowAsync<InvalidInputException>(_client.SubmitAsync(Request(inside), default))).Message.ShouldContain("search.yaml:6: datasets: the file of 'tools' does not exist");
        foreach (var path in new[] { "/etc/passwd", "../secret.jsonl", "link/secret.jsonl" })
        {
            if (path.StartsWith("link", StringComparison.Ordinal))
            {
                Directory.CreateSymbolicLink(_data["link"], "/tmp");
            }

            var spec = inside.Replace("path: tools.jsonl", $"path: {path.Replace("passwd", "passwd.jsonl", StringComparison.Ordinal)}", StringComparison.Ordinal);
            (await Should.ThrowAsync<InvalidInputException>(_client.SubmitAsync(Request(spec), default))).Message.ShouldBe($"search.yaml:6: only what lies below {_data.Path} can be used here");
        }

        (await Should.ThrowAsync<InvalidInputException>(_client.SubmitAsync(Request(inside, "../../x"), default))).Message.ShouldContain("cannot be the id of a search");
        (await Should.ThrowAsync<InvalidInputException>(_client.SubmitAsync(Request("name: [", null), default))).Message.ShouldContain("not valid YAML");
        (await _client.ListAsync(default)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_good_spec_is_submitted_and_started()
    {
        WriteInputs();
        var made = await _client.SubmitAsync(new SubmitRequest(SearchHarness.Yaml, "search.yaml", _data.Path, "mine", "random", 3, 9, Priority: 5), default);
        made.Status.ShouldBe(SearchStatus.Running);
        made.Priority.ShouldBe(5);
        (await _client.StepsAsync("mine", default)).Select(s => s.Id).ShouldBe(["r-0001", "r-0002"]);
        (await _search.Store.GetSearchAsync("mine", default))!.Overrides.ShouldBe(new SearchOverrides("random", 3, 9));
    }

    [Theory]
    [InlineData("row", "tools.jsonl:2: ")]
    [InlineData("item", "datasets: 'tools' holds 1 evaluation items")]
    [InlineData("memory", "of memory, a trainer has 0.000 GB")]
    [InlineData("disk", "of disk, ")]
    public async Task What_a_run_refuses_is_refused_over_http_with_the_same_words_and_nothing_is_stored(string fault, string expected)
    {
        WriteInputs();
        var spec = SearchHarness.Yaml;
        switch (fault)
        {
            case "row":
                File.AppendAllText(_data["tools.jsonl"], "\n{\"messages\": [{\"role\": \"user\"}]}");
                break;
            case "item":
                File.WriteAllText(_data["tools.jsonl"], """{"messages": [{"role": "user", "content": "Say A!"}, {"role": "assistant", "content": "a"}]}""");
                break;
            case "memory":
                _options.TrainerMemoryBytes = 1000;
                break;
            default:
                spec = spec.Replace("steps: 8", "steps: 1000000", StringComparison.Ordinal);
                break;
        }

        File.WriteAllText(_data["search.yaml"], spec);
        var alone = Should.Throw<InvalidInputException>(() => SearchSubmission.Prepare(
            _data["search.yaml"], null, new SearchOverrides(), TimeProvider.System, machine: MachineResources.OfTrainers(_data.Path, _options.TrainerMemoryBytes)).RequireFit());
        alone.Message.ShouldContain(expected);
        var remote = await Should.ThrowAsync<InvalidInputException>(_client.SubmitAsync(new SubmitRequest(spec, _data["search.yaml"], _data.Path, "bad", null, null, null), default));
        WithoutFreeSpace(remote.Message).ShouldBe(WithoutFreeSpace(alone.Message));
        (await _search.Store.GetSearchAsync("bad", default)).ShouldBeNull();
        (await _search.Store.ListModelsAsync("bad", default)).ShouldBeEmpty();
    }

    // Others write to the disk between two looks at it.
    private static string WithoutFreeSpace(string message) => FreeSpace().Replace(message, "some");

    [GeneratedRegex("[0-9.,]+ [KMGT]?B(?= are free)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FreeSpace();

    [Fact]
    public async Task Warnings_come_with_the_answer()
    {
        WriteInputs();
        File.WriteAllText(_data["tools.jsonl"], """{"messages": [{"role": "user", "content": "Say A!"}, {"role": "assistant", "content": "a"}]}""");
        var made = await _client.SubmitAsync(new SubmitRequest(SearchHarness.Yaml + "\ngates: {contamination: warn}", "search.yaml", _data.Path, "warned", null, null, null), default);
        made.Warnings.ShouldHaveSingleItem().ShouldContain("dataset 'tools' holds 1 evaluation items");
        (await _client.GetAsync("warned", default)).Warnings.ShouldBeNull();
    }

    [Theory]
    [InlineData(null, null, HttpStatusCode.OK)]
    [InlineData("Host", "planner.example.org", HttpStatusCode.Unauthorized)]
    [InlineData("X-Forwarded-For", "10.0.0.1", HttpStatusCode.Unauthorized)]
    public async Task Loopback_needs_no_token_unless_it_speaks_for_somebody_else(string? header, string? value, HttpStatusCode expected)
    {
        using var http = new HttpClient();
        async Task<HttpResponseMessage> Get(string? token)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, "/searches/toy"));
            if (header is not null)
            {
                request.Headers.TryAddWithoutValidation(header, value);
            }

            if (token is not null)
            {
                request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
            }

            return await http.SendAsync(request);
        }

        (await Get(null)).StatusCode.ShouldBe(expected);
        (await Get("letmein")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Get("wrong")).StatusCode.ShouldBe(expected);
    }

    [Fact]
    public async Task The_api_describes_itself()
    {
        using var http = new HttpClient();
        using var document = JsonDocument.Parse(await http.GetStringAsync(new Uri(Address, "/openapi/v1.json")));
        var paths = document.RootElement.GetProperty("paths").EnumerateObject().Select(p => p.Name.TrimEnd('/')).ToList();
        paths.ShouldBe(["/searches", "/searches/{id}", "/searches/{id}/steps", "/searches/{id}/models", "/searches/{id}/steps/{step}/metrics", "/searches/{id}/calls", "/searches/{id}/report", "/searches/{id}/events", "/searches/{id}/prune", "/searches/{id}/cancel", "/searches/{id}/pause", "/searches/{id}/resume"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_planner_that_is_not_there_is_said_so()
    {
        using var nobody = new PlannerClient(new Uri("http://127.0.0.1:1"), null);
        (await Should.ThrowAsync<InvalidInputException>(nobody.ListAsync(default))).Message.ShouldStartWith("the planner at http://127.0.0.1:1/ cannot be reached");
    }

    private void WriteInputs()
    {
        SampleModel.CopyTo(_data["base"]);

        File.WriteAllText(_data["items.jsonl"], """{"messages": [{"role": "user", "content": "say a"}], "answer": "a"}""");
        foreach (var name in new[] { "tools", "mixed" })
        {
            File.WriteAllText(_data[name + ".jsonl"], $$"""{"messages": [{"role": "user", "content": "{{name}}"}, {"role": "assistant", "content": "x"}]}""");
        }

        foreach (var task in new[] { "tools.yaml", "if.yaml" })
        {
            File.WriteAllText(_data[task], "task: say\nversion: 1\ngrader: exact_match\nvalidation: items.jsonl\ntest: items.jsonl\nmax_new_tokens: 8\n");
        }
    }
}
