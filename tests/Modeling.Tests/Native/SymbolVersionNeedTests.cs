using LamdAgent.Modeling.Native;
using LamdAgent.TestKit;

namespace LamdAgent.Modeling.Tests.Native;

public sealed class SymbolVersionNeedTests
{
    private static readonly string Library = TorchLibraries.Locate(null).TorchSharp;

    [Fact]
    public void One_flag_of_one_entry_changes()
    {
        var before = File.ReadAllBytes(Library);
        var after = SymbolVersionNeed.WithWeakMarker(before);

        var changed = Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]).ToList();
        changed.Count.ShouldBe(1);
        (before[changed[0]] ^ after[changed[0]]).ShouldBe(2);
        SymbolVersionNeed.WithWeakMarker(after).ShouldBe(after);
    }

    [Fact]
    public void A_version_with_real_symbols_stays_needed()
    {
        var error = Should.Throw<InvalidDataException>(() => SymbolVersionNeed.WithWeakVersion(File.ReadAllBytes(Library), "GLIBCXX_3.4.21", "_ZSt21ios_base_library_initv"));

        error.Message.ShouldContain("cannot be made optional");
    }

    [Fact]
    public void What_is_not_such_a_library_is_refused()
    {
        var library = File.ReadAllBytes(Library);

        Should.Throw<InvalidDataException>(() => SymbolVersionNeed.WithWeakMarker(new byte[100]));
        Should.Throw<InvalidDataException>(() => SymbolVersionNeed.WithWeakMarker(library.AsSpan(0, library.Length / 2)));
        Should.Throw<InvalidDataException>(() => SymbolVersionNeed.WithWeakVersion(library, "GLIBCXX_9.9", "x")).Message.ShouldContain("does not need GLIBCXX_9.9");
    }

    [Fact]
    public async Task The_copy_is_made_once_by_many_and_repaired_when_damaged()
    {
        using var cache = new TemporaryFolder();

        var paths = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => LoadableCopy.Of(Library, cache.Path))));
        paths.Distinct().Count().ShouldBe(1);
        Directory.GetFiles(cache.Path, "*", SearchOption.AllDirectories).ShouldBe([paths[0]]);

        File.WriteAllText(paths[0], "damaged");
        LoadableCopy.Of(Library, cache.Path).ShouldBe(paths[0]);
        File.ReadAllBytes(paths[0]).ShouldBe(SymbolVersionNeed.WithWeakMarker(File.ReadAllBytes(Library)));
    }
}
