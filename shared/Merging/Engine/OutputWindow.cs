namespace LamdAgent.Merging.Engine;

/// <summary>A stretch of output bytes on its way to the file.</summary>
internal sealed class OutputWindow(byte[] bytes)
{
    /// <summary>The buffer; the first <see cref="Length"/> bytes count.</summary>
    public byte[] Bytes => bytes;

    /// <summary>Bytes in use.</summary>
    public int Length { get; set; }
}
