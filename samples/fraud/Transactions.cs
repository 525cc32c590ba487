namespace Merlon.Samples.Fraud;

/// <summary>Rows of 30 features (row-major) and whether each was fraud.</summary>
public sealed record Transactions(float[] Rows, bool[] Fraud)
{
    public int Count => Fraud.Length;
    public ReadOnlySpan<float> Row(int index) => Rows.AsSpan(index * Features.Count, Features.Count);
}

/// <summary>
/// Makes synthetic card transactions. Four in five are ordinary. The rest follow one of three patterns that investigators know, each with
/// exceptions, so that no single feature decides:
/// <list type="bullet">
/// <item>spree: a stolen card, many purchases in an hour, electronics or gift cards, amounts far above the cardholder's mean;</item>
/// <item>card testing: small online amounts at young merchants, from an untrusted device, many a day;</item>
/// <item>impossible travel: a stripe or cash withdrawal far from the last purchase, faster than anyone flies.</item>
/// </list>
/// One row in fifty has the wrong label, as in real data.
/// </summary>
public static class TransactionGenerator
{
    private const double FraudShare = 0.2;
    private const double MislabelledShare = 0.02;

    /// <summary>The same seed gives the same rows on every machine.</summary>
    public static Transactions Make(int count, int seed)
    {
        var random = new Random(seed);
        var rows = new float[count * Features.Count];
        var fraud = new bool[count];
        for (var i = 0; i < count; i++)
        {
            var row = rows.AsSpan(i * Features.Count, Features.Count);
            Ordinary(random, row);
            var pattern = random.NextDouble() < FraudShare ? random.Next(1, 4) : 0;
            switch (pattern)
            {
                case 1:
                    Spree(random, row);
                    break;
                case 2:
                    CardTesting(random, row);
                    break;
                case 3:
                    ImpossibleTravel(random, row);
                    break;
            }
            Derive(row);
            fraud[i] = pattern != 0 ^ random.NextDouble() < MislabelledShare;
        }
        return new Transactions(rows, fraud);
    }

    private static void Ordinary(Random random, Span<float> row)
    {
        Set(row, "amount_eur", LogNormal(random, 3.3, 0.9));
        Set(row, "hour", (float)Math.Clamp(Math.Round(Normal(random, 14, 4.5)), 0, 23));
        Set(row, "weekday", random.Next(7));
        Set(row, "km_from_home", LogNormal(random, 1.8, 1.4));
        Set(row, "km_from_last", LogNormal(random, 1.2, 1.3));
        Set(row, "minutes_since_last", LogNormal(random, 6, 1.3));
        Set(row, "card_age_days", random.Next(10, 3_000));
        Set(row, "transactions_last_hour", random.Next(100) < 85 ? 0 : random.Next(1, 4));
        Set(row, "transactions_last_day", random.Next(0, 8));
        Set(row, "amount_to_mean_ratio", LogNormal(random, 0, 0.6));
        Set(row, "failed_pins_last_day", random.Next(100) < 96 ? 0 : 1);
        Set(row, "merchant_age_days", LogNormal(random, 7, 0.8));
        Set(row, "device_trust", (float)Math.Sqrt(random.NextDouble()));
        Set(row, "country_risk", (float)Math.Pow(random.NextDouble(), 2));
        Set(row, "foreign", random.Next(100) < 8 ? 1 : 0);
        Set(row, "recurring", random.Next(100) < 15 ? 1 : 0);
        OneOf(row, "entry_chip", [45, 35, 3, 17], random);
        OneOf(row, "category_grocery", [34, 12, 6, 8, 3, 20, 5, 12], random);
    }

    private static void Spree(Random random, Span<float> row)
    {
        Set(row, "transactions_last_hour", random.Next(3, 15));
        Set(row, "transactions_last_day", random.Next(5, 30));
        Set(row, "amount_to_mean_ratio", LogNormal(random, 1.6, 0.7));
        Set(row, "amount_eur", LogNormal(random, 5.2, 0.9));
        Set(row, "minutes_since_last", random.Next(1, 25));
        OneOf(row, "category_grocery", [5, 5, 5, 45, 30, 2, 3, 5], random);
    }

    private static void CardTesting(Random random, Span<float> row)
    {
        Set(row, "amount_eur", (float)(0.5 + (4 * random.NextDouble())));
        Set(row, "amount_to_mean_ratio", (float)(0.2 * random.NextDouble()));
        Set(row, "merchant_age_days", random.Next(0, 120));
        Set(row, "device_trust", (float)(0.35 * random.NextDouble()));
        Set(row, "transactions_last_day", random.Next(6, 60));
        Set(row, "recurring", 0);
        OneOf(row, "entry_chip", [0, 0, 0, 100], random);
    }

    private static void ImpossibleTravel(Random random, Span<float> row)
    {
        Set(row, "km_from_last", random.Next(800, 12_000));
        Set(row, "km_from_home", random.Next(500, 12_000));
        Set(row, "minutes_since_last", random.Next(5, 90));
        Set(row, "foreign", 1);
        Set(row, "country_risk", (float)(0.4 + (0.6 * random.NextDouble())));
        Set(row, "failed_pins_last_day", random.Next(0, 4));
        OneOf(row, "entry_chip", [10, 5, 80, 5], random);
        OneOf(row, "category_grocery", [5, 5, 10, 20, 10, 5, 40, 5], random);
    }

    /// <summary>Features that follow from others, and the bounds of all.</summary>
    private static void Derive(Span<float> row)
    {
        var hour = Get(row, "hour");
        Set(row, "night", hour is < 6 or >= 23 ? 1 : 0);
        Set(row, "km_per_hour_since_last", Get(row, "km_from_last") / Math.Max(Get(row, "minutes_since_last"), 1) * 60);
        for (var i = 0; i < Features.Count; i++)
            row[i] = Math.Clamp(row[i], Features.All[i].Minimum, Features.All[i].Maximum);
    }

    private static void OneOf(Span<float> row, string first, ReadOnlySpan<int> shares, Random random)
    {
        var start = Features.IndexOf(first);
        row.Slice(start, shares.Length).Clear();
        var total = 0;
        foreach (var share in shares)
            total += share;
        var pick = random.Next(total);
        for (var i = 0; i < shares.Length; i++)
        {
            pick -= shares[i];
            if (pick < 0)
            {
                row[start + i] = 1;
                return;
            }
        }
    }

    private static void Set(Span<float> row, string name, float value) => row[Features.IndexOf(name)] = value;
    private static float Get(ReadOnlySpan<float> row, string name) => row[Features.IndexOf(name)];
    private static float LogNormal(Random random, double mean, double deviation) => (float)Math.Exp(Normal(random, mean, deviation));

    // Box-Muller: the base library has no normal distribution.
    private static double Normal(Random random, double mean, double deviation) =>
        mean + (deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
