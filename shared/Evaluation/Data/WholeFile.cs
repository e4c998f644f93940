using System.Text;

namespace LamdAgent.Evaluation.Data;

/// <summary>Writes a text file under another name first, so that a reader, or a full disk, never leaves half of it under its own.</summary>
public static class WholeFile
{
    /// <summary>Writes, or replaces, a file; UTF-8 without a mark.</summary>
    public static void Write(string path, string text)
    {
        var partial = path + ".partial";
        try
        {
            File.WriteAllText(partial, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }
}
