using System.Collections.Frozen;

namespace Merlon.Scanning.Keras;

/// <summary>The classes and functions that an ordinary Keras model is made of (Keras 2.15 and 3.0 to 3.12), by the module that its configuration names.</summary>
internal static class KerasNames
{
    private const string Layers = """
        InputLayer Dense EinsumDense Activation Embedding Masking Identity Softmax ReLU LeakyReLU PReLU ELU ThresholdedReLU
        Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose Convolution1D Convolution2D Convolution3D DepthwiseConv1D DepthwiseConv2D
        SeparableConv1D SeparableConv2D SeparableConvolution2D
        MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
        GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPool2D MaxPool2D AdaptiveAveragePooling2D AdaptiveMaxPooling2D
        LSTM GRU SimpleRNN RNN LSTMCell GRUCell SimpleRNNCell StackedRNNCells Bidirectional TimeDistributed ConvLSTM1D ConvLSTM2D ConvLSTM3D
        BatchNormalization LayerNormalization GroupNormalization UnitNormalization SpectralNormalization RMSNormalization Normalization
        Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise AlphaDropout ActivityRegularization
        Attention AdditiveAttention MultiHeadAttention GroupQueryAttention GroupedQueryAttention
        Reshape Flatten Permute RepeatVector Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
        Concatenate Add Subtract Multiply Average Maximum Minimum Dot
        Rescaling Resizing CenterCrop RandomCrop RandomFlip RandomRotation RandomTranslation RandomZoom RandomContrast RandomBrightness RandomHeight RandomWidth
        Discretization CategoryEncoding Hashing HashedCrossing StringLookup IntegerLookup TextVectorization MelSpectrogram
        """;

    private const string Initializers = """
        Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling Orthogonal Identity IdentityInitializer GlorotNormal GlorotUniform HeNormal HeUniform
        LecunNormal LecunUniform STFT
        """;

    private const string Optimizers = """
        SGD Adam AdamW Adamax Adagrad Adadelta Nadam RMSprop Ftrl Lion Adafactor Lamb Muon LossScaleOptimizer
        ExponentialDecay PiecewiseConstantDecay PolynomialDecay InverseTimeDecay CosineDecay CosineDecayRestarts
        """;

    private const string Losses = """
        BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy Poisson KLDivergence MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError
        MeanSquaredLogarithmicError CosineSimilarity Huber LogCosh Hinge SquaredHinge CategoricalHinge BinaryFocalCrossentropy CategoricalFocalCrossentropy Dice Tversky CTC
        """;

    private const string Metrics = """
        Mean Sum Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy SparseTopKCategoricalAccuracy AUC Precision Recall
        TruePositives TrueNegatives FalsePositives FalseNegatives SensitivityAtSpecificity SpecificityAtSensitivity PrecisionAtRecall RecallAtPrecision
        MeanIoU IoU BinaryIoU OneHotIoU OneHotMeanIoU F1Score FBetaScore R2Score RootMeanSquaredError MeanMetricWrapper CompileMetrics
        """;

    private const string FunctionNames = """
        linear relu relu6 leaky_relu elu selu celu gelu glu silu swish mish softmax softplus softsign sigmoid hard_sigmoid hard_silu hard_swish hard_tanh tanh tanh_shrink
        hard_shrink soft_shrink squareplus sparse_plus sparsemax log_softmax log_sigmoid exponential threshold
        mse mae mape msle mean_squared_error mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error binary_crossentropy categorical_crossentropy
        sparse_categorical_crossentropy binary_focal_crossentropy categorical_focal_crossentropy kl_divergence poisson cosine_similarity huber log_cosh hinge squared_hinge
        categorical_hinge accuracy binary_accuracy categorical_accuracy sparse_categorical_accuracy
        """;

    private static readonly Dictionary<string, FrozenSet<string>> s_modules = new(StringComparer.Ordinal)
    {
        ["keras"] = Set("Sequential Functional Model DTypePolicy QuantizedDTypePolicy FloatDTypePolicy Variable"),
        ["keras.models"] = Set("Sequential Functional Model"),
        ["keras.src.models.functional"] = Set("Functional"),
        ["keras.src.models.sequential"] = Set("Sequential"),
        ["keras.src.engine.functional"] = Set("Functional"),
        ["keras.src.engine.sequential"] = Set("Sequential"),
        ["keras.layers"] = Set(Layers),
        ["keras.initializers"] = Set(Initializers),
        ["keras.regularizers"] = Set("L1 L2 L1L2 OrthogonalRegularizer"),
        ["keras.constraints"] = Set("MaxNorm NonNeg UnitNorm MinMaxNorm"),
        ["keras.optimizers"] = Set(Optimizers),
        ["keras.optimizers.schedules"] = Set(Optimizers),
        ["keras.losses"] = Set(Losses),
        ["keras.metrics"] = Set(Metrics),
        ["keras.dtype_policies"] = Set("DTypePolicy FloatDTypePolicy QuantizedDTypePolicy QuantizedFloat8DTypePolicy DTypePolicyMap"),
        ["keras.mixed_precision"] = Set("Policy DTypePolicy"),
    };

    /// <summary>Keras 2 names no modules: the union of what it finds by name alone. Markers of values (tensors, tuples, slices) stand beside.</summary>
    private static readonly FrozenSet<string> s_withoutModule = Set(string.Join(' ', s_modules.Values.SelectMany(names => names))
        + " __tensor__ __numpy__ __keras_tensor__ __tuple__ __ellipsis__ TensorShape Policy");

    public static FrozenSet<string> Functions { get; } = Set(FunctionNames);

    public static bool IsAllowed(string? module, string name) =>
        module is null ? s_withoutModule.Contains(name) : s_modules.TryGetValue(WithoutPrefix(module), out var names) && names.Contains(name);

    // The same library under the name that it has beside TensorFlow since Keras 3.
    private static string WithoutPrefix(string module) => module.StartsWith("tf_keras.", StringComparison.Ordinal) || module == "tf_keras" ? module["tf_".Length..] : module;

    private static FrozenSet<string> Set(string names) => names.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToFrozenSet(StringComparer.Ordinal);
}
