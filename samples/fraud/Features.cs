namespace Merlon.Samples.Fraud;

/// <summary>The 30 features of a card transaction, in the order of the model's input, with the range each one can have.</summary>
public static class Features
{
    public const int Count = 30;

    /// <summary>Name, smallest and largest value of each feature.</summary>
    public static readonly (string Name, float Minimum, float Maximum)[] All =
    [
        ("amount_eur", 0, 20_000),
        ("hour", 0, 23),
        ("weekday", 0, 6),
        ("km_from_home", 0, 20_100),
        ("km_from_last", 0, 20_100),
        ("minutes_since_last", 0, 43_200),
        ("km_per_hour_since_last", 0, 5_000),
        ("card_age_days", 0, 3_650),
        ("transactions_last_hour", 0, 60),
        ("transactions_last_day", 0, 300),
        ("amount_to_mean_ratio", 0, 200),
        ("failed_pins_last_day", 0, 10),
        ("merchant_age_days", 0, 10_000),
        ("device_trust", 0, 1),
        ("country_risk", 0, 1),
        ("foreign", 0, 1),
        ("night", 0, 1),
        ("recurring", 0, 1),
        ("entry_chip", 0, 1),
        ("entry_contactless", 0, 1),
        ("entry_stripe", 0, 1),
        ("entry_online", 0, 1),
        ("category_grocery", 0, 1),
        ("category_fuel", 0, 1),
        ("category_travel", 0, 1),
        ("category_electronics", 0, 1),
        ("category_gift_cards", 0, 1),
        ("category_restaurant", 0, 1),
        ("category_cash", 0, 1),
        ("category_other", 0, 1),
    ];

    public static int IndexOf(string name) => Array.FindIndex(All, feature => string.Equals(feature.Name, name, StringComparison.Ordinal));
}
