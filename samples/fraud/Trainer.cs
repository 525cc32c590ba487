namespace Merlon.Samples.Fraud;

/// <summary>Fits the network by Adam (Kingma and Ba 2015) on the cross-entropy loss.</summary>
public static class Trainer
{
    private const double LearningRate = 0.004;
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;
    private const int BatchSize = 64;

    /// <summary>Trains on the given rows. The same seed gives the same network on the same kind of CPU.</summary>
    public static Network Fit(Transactions data, int epochs, int seed)
    {
        var random = new Random(seed);
        var network = new Network(random);
        Measure(network, data);
        var adam = new Adam(network);
        var order = Enumerable.Range(0, data.Count).ToArray();
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            random.Shuffle(order);
            for (var start = 0; start + BatchSize <= order.Length; start += BatchSize)
            {
                foreach (var index in order.AsSpan(start, BatchSize))
                    adam.Accumulate(data.Row(index), data.Fraud[index]);
                adam.Step(BatchSize);
            }
        }
        return network;
    }

    /// <summary>Share of rows on which the network (threshold 0.5) says what the label says.</summary>
    public static double Accuracy(Network network, Transactions data)
    {
        var right = 0;
        for (var i = 0; i < data.Count; i++)
            right += network.Predict(data.Row(i)) >= 0.5f == data.Fraud[i] ? 1 : 0;
        return (double)right / data.Count;
    }

    private static void Measure(Network network, Transactions data)
    {
        for (var feature = 0; feature < Features.Count; feature++)
        {
            double sum = 0, squares = 0;
            for (var row = 0; row < data.Count; row++)
            {
                double value = data.Rows[(row * Features.Count) + feature];
                sum += value;
                squares += value * value;
            }
            var mean = sum / data.Count;
            network.Mean[feature] = (float)mean;
            network.Deviation[feature] = (float)Math.Max(Math.Sqrt(Math.Max((squares / data.Count) - (mean * mean), 0)), 1e-3);
        }
    }

    private sealed class Adam(Network network)
    {
        private readonly float[][] _gradients = Like(network);
        private readonly float[][] _first = Like(network);
        private readonly float[][] _second = Like(network);
        private int _steps;

        // Three weight matrices, then three bias vectors.
        private static float[][] Like(Network network) =>
            [.. network.Weights.Select(w => new float[w.Length]), .. network.Biases.Select(b => new float[b.Length])];

        public void Accumulate(ReadOnlySpan<float> row, bool fraud)
        {
            var activations = new float[4][];
            activations[0] = network.Standardise(row);
            // The derivative of the cross-entropy after a sigmoid is the difference itself.
            var delta = new float[] { network.Forward(activations) - (fraud ? 1 : 0) };
            for (var layer = 2; layer >= 0; layer--)
                delta = BackOne(layer, activations[layer], delta);
        }

        private float[] BackOne(int layer, float[] input, float[] delta)
        {
            var (weights, weightGradient, biasGradient) = (network.Weights[layer], _gradients[layer], _gradients[3 + layer]);
            var before = new float[input.Length];
            for (var o = 0; o < delta.Length; o++)
            {
                biasGradient[o] += delta[o];
                var offset = o * input.Length;
                for (var i = 0; i < input.Length; i++)
                {
                    weightGradient[offset + i] += delta[o] * input[i];
                    before[i] += delta[o] * weights[offset + i];
                }
            }
            for (var i = 0; i < input.Length; i++)
                before[i] = input[i] > 0 ? before[i] : 0;
            return before;
        }

        public void Step(int rows)
        {
            _steps++;
            var rate = LearningRate * Math.Sqrt(1 - Math.Pow(Beta2, _steps)) / (1 - Math.Pow(Beta1, _steps));
            for (var i = 0; i < 6; i++)
            {
                var values = i < 3 ? network.Weights[i] : network.Biases[i - 3];
                for (var j = 0; j < values.Length; j++)
                {
                    var gradient = _gradients[i][j] / rows;
                    _first[i][j] = (float)((Beta1 * _first[i][j]) + ((1 - Beta1) * gradient));
                    _second[i][j] = (float)((Beta2 * _second[i][j]) + ((1 - Beta2) * gradient * gradient));
                    values[j] -= (float)(rate * _first[i][j] / (Math.Sqrt(_second[i][j]) + Epsilon));
                }
                Array.Clear(_gradients[i]);
            }
        }
    }
}
