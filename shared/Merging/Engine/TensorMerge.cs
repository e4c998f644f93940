using System.Numerics;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Engine;

/// <summary>
/// One tensor being merged, as a method sees it: operands with their parameters, and passes over the tensor in blocks by all threads. A method makes as
/// many <see cref="ForEachBlock"/> passes as it needs to know its norms, thresholds or counts and ends with one <see cref="Produce"/>. Nothing is ever held
/// for the whole tensor, so memory does not grow with it; results per block are kept by block number and combined in that order, so that neither the
/// number of threads nor their timing shows in the result.
/// </summary>
internal sealed class TensorMerge<T>(TensorPlan plan, MergeSession session, BlockPool<T> blocks, MergeThreads threads, OutputPipeline? output, CancellationToken cancellation)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of a block (a block of whole rows may be longer when rows are).</summary>
    public const int BlockLength = 8192;

    /// <summary>The tensor's plan.</summary>
    public TensorPlan Plan => plan;

    /// <summary>Number of elements.</summary>
    public long Length { get; } = plan.Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Length of a row: the last dimension; a one-dimensional tensor is one row.</summary>
    public long Columns => plan.Shape.Count == 0 ? 1 : plan.Shape[^1];

    /// <summary>Number of operands, base included.</summary>
    public int Count => plan.Operands.Count;

    /// <summary>Index of the base among the operands, -1 without one.</summary>
    public int Base => plan.Base;

    /// <summary>The operands that are not the base, in model order.</summary>
    public int[] Others { get; } = [.. Enumerable.Range(0, plan.Operands.Count).Where(i => i != plan.Base)];

    /// <summary>Rounding after each operation.</summary>
    public Rounding Rounding { get; } = new(plan.Arithmetic);

    /// <summary>Rounding of an operand's difference to the base, or of the operand without a base: in mixed types it has the type of the two, until it meets wider ones.</summary>
    public Rounding DeltaRounding(int operand) => Rounding.IsActive ? Rounding : new(Base < 0 ? TypeOf(operand) : MergeMethod.Promote(TypeOf(operand), TypeOf(Base)));

    /// <summary>Whether anything is rounded to 16 bits on the way: everything, or in mixed types some operand's part.</summary>
    public bool RoundsVectors => Rounding.IsActive || Enumerable.Range(0, Count).Any(m => TypeOf(m) is DType.BF16 or DType.F16);

    /// <summary>Type of an operand after it was read.</summary>
    public DType TypeOf(int operand) => plan.Load ?? plan.Operands[operand].Source.DType;

    /// <summary>A parameter of the whole tensor.</summary>
    public double Parameter(string name) => plan.Parameters[name];

    /// <summary>A parameter of one operand.</summary>
    public double Parameter(int operand, string name) => plan.Operands[operand].Parameters[name];

    /// <summary>Whether a switch is on.</summary>
    public bool Flag(string name) => plan.Parameters[name] != 0;

    /// <summary>What the method found out about an operand before the first tensor was merged, or null.</summary>
    public TState? State<TState>(int operand)
        where TState : class => session.FindState(plan, operand) as TState;

    /// <summary>Reads an operand in the arithmetic type.</summary>
    public void Read(int operand, long start, Span<T> destination)
    {
        var source = plan.Operands[operand].Source;
        source.Read(start, destination);
        // What is computed while it is read (an adapter's change, a mean of rows) has more digits than its type.
        var computed = source.Stored is null;
        if (plan.Load is { } load && (computed || load != source.DType))
        {
            new Rounding(load).Apply(destination);
        }
        else if (computed || source.DType != plan.Arithmetic)
        {
            Rounding.Apply(destination);
        }
    }

    /// <summary>Number of blocks that <see cref="ForEachBlock"/> visits.</summary>
    public long BlockCount(bool wholeRows = false)
    {
        var length = LengthOfBlock(wholeRows);
        return (Length + length - 1) / length;
    }

    /// <summary>Visits every block once, in any order, by all threads.</summary>
    public void ForEachBlock(Action<Block<T>> visit, bool wholeRows = false)
    {
        var length = LengthOfBlock(wholeRows);
        Visit(0, BlockCount(wholeRows), length, visit);
    }

    /// <summary>Visits a number of short pieces spread evenly over the tensor, which may overlap; for samples.</summary>
    public void ForEachPiece(int pieces, int length, Action<Block<T>> visit) =>
        threads.For(0, pieces, index => visit(blocks.Mine.At(this, index, index * (Length - length) / Math.Max(1, pieces - 1), length)), cancellation);

    /// <summary>Does a number of independent things by all threads.</summary>
    public void ForEach(int count, Action<int> body) => threads.For(0, count, index => body((int)index), cancellation);

    /// <summary>Visits every block once in a fixed number of groups of neighbours; the blocks of a group one after the other, in order.</summary>
    public void ForEachGroup(int groups, Action<int, Block<T>> visit)
    {
        var count = BlockCount();
        threads.For(
            0,
            groups,
            group =>
            {
                for (var index = group * count / groups; index < (group + 1) * count / groups; index++)
                {
                    var start = index * BlockLength;
                    visit((int)group, blocks.Mine.At(this, index, start, (int)Math.Min(BlockLength, Length - start)));
                }
            },
            cancellation);
    }

    /// <summary>Makes the result: fills the last argument for every block. The result is written to the output in order while the next part is computed.</summary>
    public void Produce(Producer<T> fill, bool wholeRows = false)
    {
        var length = LengthOfBlock(wholeRows);
        var count = BlockCount(wholeRows);
        var size = plan.Output.ByteSize();
        var perWindow = Math.Max(1, OutputPipeline.WindowBytes / (length * size));
        for (var first = 0L; first < count; first += perWindow)
        {
            var last = Math.Min(count, first + perWindow);
            var windowStart = first * length;
            var window = output!.Rent((int)((Math.Min(Length, last * length) - windowStart) * size));
            Visit(first, last, length, block =>
            {
                var result = block.Scratch();
                fill(block, result);
                if (plan.Result != plan.Output && plan.Result != plan.Arithmetic)
                {
                    new Rounding(plan.Result).Apply(result);
                }

                ElementConversion.Write<T>(result, plan.Output, window.Bytes.AsSpan((int)((block.Start - windowStart) * size), block.Length * size));
            });
            output.Write(plan.Name, window);
        }
    }

    private long LengthOfBlock(bool wholeRows) => wholeRows ? Math.Max(1, BlockLength / Math.Max(1, Columns)) * Math.Max(1, Columns) : BlockLength;

    private void Visit(long first, long last, long length, Action<Block<T>> visit) =>
        threads.For(
            first,
            last,
            index =>
            {
                var start = index * length;
                visit(blocks.Mine.At(this, index, start, (int)Math.Min(length, Length - start)));
            },
            cancellation);
}
