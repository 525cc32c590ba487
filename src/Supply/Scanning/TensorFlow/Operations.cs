using System.Collections.Frozen;

namespace Merlon.Scanning.TensorFlow;

/// <summary>Operations of TensorFlow that compute on tensors, hold variables of the model, or call its functions. None reaches files, network, Python or plugins.</summary>
internal static class Operations
{
    private const string Structure = """
        NoOp Identity IdentityN Placeholder PlaceholderWithDefault PlaceholderV2 Const StopGradient PreventGradient Snapshot EnsureShape _Arg _Retval _DeviceArg _DeviceRetval
        PartitionedCall StatefulPartitionedCall SymbolicGradient If StatelessIf While StatelessWhile Case StatelessCase ToBool For
        Switch Merge Enter Exit NextIteration LoopCond ControlTrigger RefIdentity Assert DeepCopy GuaranteeConst
        VarHandleOp VarIsInitializedOp ReadVariableOp AssignVariableOp AssignAddVariableOp AssignSubVariableOp DestroyResourceOp VariableShape ResourceGather ResourceGatherNd
        ResourceScatterAdd ResourceScatterUpdate ResourceScatterNdUpdate ResourceScatterNdAdd DisableCopyOnRead VariableV2 Variable Assign AssignAdd AssignSub IsVariableInitialized
        RestoreV2 SaveV2 MergeV2Checkpoints ShardedFilename StaticRegexFullMatch StringJoin Select
        HashTableV2 HashTable MutableHashTableV2 MutableHashTableOfTensorsV2 LookupTableFindV2 LookupTableImportV2 LookupTableExportV2 LookupTableSizeV2 LookupTableInsertV2
        LookupTableRemoveV2 AnonymousHashTable AnonymousMutableHashTable MutableDenseHashTableV2
        TensorListReserve TensorListStack TensorListSetItem TensorListGetItem TensorListFromTensor TensorListLength TensorListElementShape TensorListPushBack TensorListPopBack
        EmptyTensorList TensorListConcatV2 TensorListGather TensorListScatter TensorListSplit TensorListResize TensorArrayV3 TensorArrayReadV3 TensorArrayWriteV3
        TensorArrayScatterV3 TensorArrayGatherV3 TensorArraySizeV3 TensorArrayCloseV3 OptionalFromValue OptionalNone OptionalGetValue OptionalHasValue
        """;

    private const string Mathematics = """
        Abs Acos Acosh Add AddN AddV2 All Angle Any ApproximateEqual ArgMax ArgMin Asin Asinh Atan Atan2 Atanh BatchMatMul BatchMatMulV2 BatchMatMulV3 Betainc Bincount DenseBincount
        Bucketize Cast Ceil ClipByValue Complex ComplexAbs Conj ConjugateTranspose Cos Cosh Cross Cumprod Cumsum CumulativeLogsumexp Digamma Div DivNoNan Einsum Equal Erf Erfc
        Erfinv Exp Expm1 Floor FloorDiv FloorMod Greater GreaterEqual HistogramFixedWidth Igamma Igammac Imag Inv InvGrad IsFinite IsInf IsNan Less LessEqual Lgamma LinSpace
        Log Log1p LogicalAnd LogicalNot LogicalOr LogicalXor LogMatrixDeterminant MatMul Max Maximum Mean Min Minimum Mod Mul MulNoNan Ndtri Neg NextAfter NotEqual Polygamma Pow Prod
        Range Real RealDiv Reciprocal ReciprocalGrad Rint Round Rsqrt RsqrtGrad SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum SelectV2 Sigmoid SigmoidGrad Sign Sin Sinh
        Softplus SparseMatMul SparseSegmentMean SparseSegmentSqrtN SparseSegmentSum Sqrt SqrtGrad Square SquaredDifference Sub Sum Tan Tanh TanhGrad TruncateDiv TruncateMod
        UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum Xdivy Xlogy Xlog1py Zeta Cholesky MatrixDeterminant MatrixInverse MatrixSolve
        MatrixTriangularSolve Qr Svd SelfAdjointEigV2 BitwiseAnd BitwiseOr BitwiseXor Invert LeftShift RightShift PopulationCount
        FFT FFT2D FFT3D IFFT IFFT2D IFFT3D RFFT RFFT2D IRFFT IRFFT2D
        """;

    private const string Networks = """
        AvgPool AvgPool3D AvgPoolGrad BatchNormWithGlobalNormalization BiasAdd BiasAddV1 BiasAddGrad Conv2D Conv3D Conv2DBackpropInput Conv2DBackpropFilter Conv3DBackpropInputV2 Conv
        DataFormatDimMap DataFormatVecPermute DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput Dilation2D Elu EluGrad FractionalAvgPool FractionalMaxPool FusedBatchNorm
        FusedBatchNormV2 FusedBatchNormV3 FusedBatchNormGradV3 FusedPadConv2D FusedResizeAndPadConv2D _FusedConv2D _FusedMatMul _FusedBatchNormEx InTopK InTopKV2 L2Loss LRN
        LeakyRelu LeakyReluGrad LogSoftmax MaxPool MaxPool3D MaxPoolV2 MaxPoolGrad MaxPoolWithArgmax NthElement QuantizedConv2D QuantizedMatMul QuantizedRelu QuantizeV2 Dequantize
        FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 Relu Relu6 ReluGrad
        Relu6Grad Selu SeluGrad Softmax SoftmaxCrossEntropyWithLogits SoftplusGrad Softsign SoftsignGrad SparseSoftmaxCrossEntropyWithLogits TopK TopKV2
        CudnnRNN CudnnRNNV2 CudnnRNNV3 BlockLSTM BlockLSTMV2 GRUBlockCell LSTMBlockCell CTCLoss CTCGreedyDecoder CTCBeamSearchDecoder
        RandomStandardNormal RandomUniform RandomUniformInt RandomShuffle TruncatedNormal Multinomial StatelessRandomNormal StatelessRandomNormalV2 StatelessRandomUniform
        StatelessRandomUniformV2 StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformFullIntV2 StatelessTruncatedNormal StatelessTruncatedNormalV2 StatelessMultinomial
        StatelessRandomGetKeyCounter StatelessRandomGetAlg StatelessRandomGetKeyCounterAlg StatefulStandardNormalV2 StatefulUniform StatefulUniformFullInt StatefulUniformInt
        RngReadAndSkip RngSkip ResourceApplyAdam ResourceApplyGradientDescent ResourceApplyKerasMomentum ResourceApplyRMSProp ResourceApplyAdagradV2
        """;

    private const string Arrays = """
        BatchToSpace BatchToSpaceND Bitcast BroadcastArgs BroadcastGradientArgs BroadcastTo CheckNumerics CheckNumericsV2 Concat ConcatOffset ConcatV2 DepthToSpace Diag DiagPart Empty
        ExpandDims ExtractImagePatches Fill Gather GatherNd GatherV2 InvertPermutation ListDiff LowerBound MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagV2 MatrixDiagV3
        MatrixDiagPartV2 MatrixDiagPartV3 MatrixSetDiag MatrixSetDiagV3 MirrorPad MirrorPadGrad OneHot OnesLike Pack ParallelConcat ParallelDynamicStitch DynamicPartition
        DynamicStitch Pad PadV2 Rank Reshape Reverse ReverseSequence ReverseV2 Roll ScatterNd Shape ShapeN Size Slice SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Squeeze
        StridedSlice StridedSliceGrad TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate TensorStridedSliceUpdate Tile Transpose Unique UniqueV2
        UniqueWithCounts UniqueWithCountsV2 Unpack UnravelIndex UpperBound Where ZerosLike
        RaggedGather RaggedRange RaggedTensorToSparse RaggedTensorToTensor RaggedTensorToVariant RaggedTensorFromVariant RaggedCross RaggedBincount
        SparseAdd SparseConcat SparseCross SparseFillEmptyRows SparseReorder SparseReshape SparseReduceSum SparseSlice SparseSoftmax SparseSplit SparseTensorDenseAdd SparseTensorDenseMatMul
        SparseToDense SparseToSparseSetOperation SparseBincount SparseDenseCwiseMul SparseDenseCwiseAdd
        """;

    private const string TextsAndImages = """
        AsString DecodeBase64 EncodeBase64 ReduceJoin RegexFullMatch RegexReplace StaticRegexReplace StringFormat StringLength StringLower StringNGrams StringSplit StringSplitV2
        StringStrip StringToHashBucket StringToHashBucketFast StringToHashBucketStrong StringToNumber StringUpper Substr UnicodeDecode UnicodeDecodeWithOffsets UnicodeEncode
        UnicodeScript UnicodeTranscode UnsortedSegmentJoin DecodeRaw DecodePaddedRaw ParseExample ParseExampleV2 ParseSingleExample ParseTensor SerializeTensor DecodeCSV DecodeJSONExample
        AdjustContrastv2 AdjustHue AdjustSaturation CombinedNonMaxSuppression CropAndResize DecodeAndCropJpeg DecodeBmp DecodeGif DecodeImage DecodeJpeg DecodePng DrawBoundingBoxesV2 EncodeJpeg
        EncodePng ExtractGlimpseV2 HSVToRGB ImageProjectiveTransformV2 ImageProjectiveTransformV3 NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4
        NonMaxSuppressionV5 RGBToHSV ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor SampleDistortedBoundingBoxV2 ScaleAndTranslate AudioSpectrogram DecodeWav Mfcc
        """;

    private static readonly FrozenSet<string> s_allowed = string.Join(' ', Structure, Mathematics, Networks, Arrays, TextsAndImages)
        .Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);

    public static bool IsAllowed(string name) => s_allowed.Contains(name);

    /// <summary>The rule for an operation that is not allowed: the known dangers have names of their own.</summary>
    public static string RuleFor(string name) =>
        name.Contains("PyFunc", StringComparison.Ordinal) || name is "EagerPyFunc" or "LoadLibrary" or "_HostSend" or "_HostRecv" ? "tensorflow.python-operation"
        : name.Contains("File", StringComparison.Ordinal) || name.StartsWith("Print", StringComparison.Ordinal) || name.EndsWith("Dataset", StringComparison.Ordinal)
            || name.Contains("Reader", StringComparison.Ordinal) || name.Contains("Summary", StringComparison.Ordinal) || name.Contains("Fingerprint", StringComparison.Ordinal)
            || name is "Save" or "SaveSlices" or "Restore" or "RestoreSlice" or "ImmutableConst" or "LMDBReader" or "DebugIdentity" or "DebugIdentityV2" ? "tensorflow.file-operation"
        : "tensorflow.operation";
}
