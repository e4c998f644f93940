using LamdAgent.Modeling.Native;
using TorchSharp;

namespace LamdAgent.Modeling.Tests.Native;

public sealed class TorchRuntimeTests
{
    [Fact]
    public void Loads_any_number_of_times_and_multiplies()
    {
        TorchRuntime.Initialize();
        Parallel.For(0, 8, _ => TorchRuntime.Initialize());

        using var scope = torch.NewDisposeScope();
        var product = torch.mm(torch.tensor(new float[] { 1, 2, 3, 4 }, 2, 2), torch.tensor(new float[] { 5, 6, 7, 8 }, 2, 2));

        product.data<float>().ToArray().ShouldBe([19f, 22f, 43f, 50f]);
    }

    [Fact]
    public void No_copy_of_libtorch_lies_in_the_output_folder()
    {
        Directory.EnumerateFiles(AppContext.BaseDirectory, "lib*torch*.so*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public void A_folder_without_the_libraries_is_passed_over()
    {
        TorchLibraries.Locate(Path.GetTempPath()).Libtorch.ShouldAllBe(file => File.Exists(file));
    }
}
