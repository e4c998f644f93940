namespace LamdAgent.Checkpoints;

/// <summary>A line of a safetensors header. Offsets count from the first byte after the header.</summary>
internal sealed record SafetensorsEntry(string Name, DType DType, long[] Shape, long Begin, long End);
