using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Bus;

/// <summary>The rules across two options of the bus.</summary>
internal sealed class BusOptionsValidator : IValidateOptions<BusOptions>
{
    public ValidateOptionsResult Validate(string? name, BusOptions options)
    {
        if (options.Transport == BusTransport.RabbitMq
            && !(Uri.TryCreate(options.Url, UriKind.Absolute, out var url) && url.Scheme is "amqp" or "amqps"))
        {
            return ValidateOptionsResult.Fail("Bus:Url (environment variable Bus__Url) must be the broker's address, amqp://user:password@host:5672/vhost");
        }

        return options.RetryMinimum > options.RetryMaximum
            ? ValidateOptionsResult.Fail("Bus:RetryMinimum must not exceed Bus:RetryMaximum")
            : ValidateOptionsResult.Success;
    }
}
