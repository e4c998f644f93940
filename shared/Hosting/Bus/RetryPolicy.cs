using LamdAgent.Domain;
using MassTransit;

namespace LamdAgent.Hosting.Bus;

/// <summary>When a handler that threw is tried again.</summary>
internal static class RetryPolicy
{
    public static void Configure(IRetryConfigurator retry, BusOptions options)
    {
        // What a person gave does not become right by waiting.
        retry.Ignore<InvalidInputException>();
        if (options.RetryCount == 0)
        {
            retry.None();
        }
        else
        {
            retry.Exponential(options.RetryCount, options.RetryMinimum, options.RetryMaximum, options.RetryMinimum);
        }
    }
}
