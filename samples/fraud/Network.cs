namespace Merlon.Samples.Fraud;

/// <summary>
/// A multilayer perceptron, 30 → 32 → 16 → 1, ReLU inside and a sigmoid at the end, over standardised features. Weights are row-major [outputs, inputs].
/// </summary>
public sealed class Network
{
    public static readonly int[] Sizes = [Features.Count, 32, 16, 1];

    public float[] Mean { get; } = new float[Features.Count];
    public float[] Deviation { get; } = new float[Features.Count];
    public float[][] Weights { get; } = new float[3][];
    public float[][] Biases { get; } = new float[3][];

    internal Network(Random random)
    {
        for (var layer = 0; layer < 3; layer++)
        {
            var (inputs, outputs) = (Sizes[layer], Sizes[layer + 1]);
            // He initialisation, for ReLU (He et al. 2015).
            var scale = Math.Sqrt(2.0 / inputs);
            Weights[layer] = [.. Enumerable.Range(0, inputs * outputs).Select(_ => (float)(scale * ((random.NextDouble() * 2) - 1) * Math.Sqrt(3)))];
            Biases[layer] = new float[outputs];
        }
        Array.Fill(Deviation, 1);
    }

    /// <summary>Probability of fraud for one row of 30 raw features.</summary>
    public float Predict(ReadOnlySpan<float> row)
    {
        var activations = new float[4][];
        activations[0] = Standardise(row);
        return Forward(activations);
    }

    internal float[] Standardise(ReadOnlySpan<float> row)
    {
        var standard = new float[row.Length];
        for (var i = 0; i < row.Length; i++)
            standard[i] = (row[i] - Mean[i]) / Deviation[i];
        return standard;
    }

    /// <summary>Fills the activations of each layer from those of layer 0.</summary>
    internal float Forward(float[][] activations)
    {
        for (var layer = 0; layer < 3; layer++)
        {
            var (input, weights) = (activations[layer], Weights[layer]);
            var output = new float[Sizes[layer + 1]];
            for (var o = 0; o < output.Length; o++)
            {
                var sum = Biases[layer][o] + Dot(input, weights.AsSpan(o * input.Length, input.Length));
                output[o] = layer < 2 ? Math.Max(0, sum) : 1 / (1 + MathF.Exp(-sum));
            }
            activations[layer + 1] = output;
        }
        return activations[3][0];
    }

    private static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var sum = System.Numerics.Vector<float>.Zero;
        var width = System.Numerics.Vector<float>.Count;
        var i = 0;
        for (; i <= left.Length - width; i += width)
            sum += new System.Numerics.Vector<float>(left[i..]) * new System.Numerics.Vector<float>(right[i..]);
        var total = System.Numerics.Vector.Sum(sum);
        for (; i < left.Length; i++)
            total += left[i] * right[i];
        return total;
    }
}
