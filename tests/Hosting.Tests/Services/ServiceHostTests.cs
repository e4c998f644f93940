using LamdAgent.Hosting.Services;

namespace LamdAgent.Hosting.Tests.Services;

public sealed class ServiceHostTests
{
    [Fact]
    public async Task Wrong_settings_are_named_all_at_once_and_end_the_process_with_code_2()
    {
        var (code, errors) = await StartAsync("--Bus:Url=localhost", "--Store:Url=postgres://localhost");

        code.ShouldBe(2);
        errors.ShouldContain("lamdagent-baker: Bus:Url (environment variable Bus__Url) must be the broker's address");
        errors.ShouldContain("Store:Url (environment variable Store__Url) must begin with mongodb://, mongodb+srv:// or sqlite:");
        errors.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task A_value_of_the_wrong_kind_is_named()
    {
        var (code, errors) = await StartAsync("--Bus:Url=amqp://a:b@localhost", "--Store:Url=sqlite:/nowhere/run.db", "--Bus:StopTimeout=soon");

        code.ShouldBe(2);
        errors.ShouldContain("'soon' at 'Bus:StopTimeout'");
    }

    private static async Task<(int Code, string Errors)> StartAsync(params string[] args)
    {
        var before = Console.Error;
        using var errors = new StringWriter();
        Console.SetError(errors); // which makes it thread-safe
        try
        {
            return (await ServiceHost.RunAsync(args, "baker", _ => { }, _ => { }), errors.ToString());
        }
        finally
        {
            Console.SetError(before);
        }
    }
}
