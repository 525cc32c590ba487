using Merlon.Access.Contracts;
using Merlon.Admission.Gates;
using Merlon.Admission.Model;
using Merlon.Admission.Policy;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Signing.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Admission.Attach;

/// <summary>Takes a signature that was made after the push. Whether it counts is the policy's decision at admission, not the uploader's.</summary>
internal static class SignatureEndpoints
{
    private const int MaxBundleBytes = 32 * 1024 * 1024;

    internal sealed record Attached(Guid Id, string Reference, bool Trusted, string? Signer, string? Problem);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/models/{name}/versions/{version:int}/signatures", AttachAsync).RequirePermission(Permissions.ModelSign, "name").Produces<Attached>().TakesBytes();

    private static async Task<IResult> AttachAsync(
        string name, int version, HttpRequest request, Caller caller, IRegistry registry, AdmissionDb db, ControlEvents events, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (request.ContentLength is not { } length || length is <= 0 or > MaxBundleBytes)
            return new Refusal(RefusalKind.TooLarge, "signature.size", $"A signature bundle has 1 to {MaxBundleBytes} bytes and states its length.").ToProblem();
        if (!(await registry.FindAsync(caller.Scope, new ModelReference(name, version), cancellationToken)).Try(out var found, out var refusal))
            return refusal.ToProblem();
        if (await db.Signatures.CountAsync(s => s.VersionId == found.Id, cancellationToken) >= SignatureGate.MaxAttached)
            return new Refusal(RefusalKind.Conflict, "signature.too-many", $"{found.Reference} has {SignatureGate.MaxAttached} attached signatures, which is the most allowed.").ToProblem();
        var bundle = new byte[length];
        await request.Body.ReadExactlyAsync(bundle, cancellationToken);

        var policyText = (await db.CurrentPolicyAsync(caller.Scope, cancellationToken))!.Text;
        var keys = PolicyReader.Read(policyText).Try(out var policy, out _) ? policy.Keys : [];
        var files = found.Files.Where(f => !string.Equals(f.Path, SignatureGate.FileName, StringComparison.Ordinal)).ToList();
        var trusted = ModelVerifier.Verify(bundle, files, keys).Try(out var verified, out var problem);

        var now = time.GetUtcNow();
        var signature = new AttachedSignature { Id = Guid.CreateVersion7(now), VersionId = found.Id, Bundle = bundle, Principal = caller.Id, CreatedAt = now };
        db.Signatures.Add(signature);
        await db.CommitAsync(
            events.By(caller, OcsfClass.EntityManagement, ControlEvents.Update, "model.sign",
                new EventResource("model-version", found.Reference.ToString(), found.Manifest),
                trusted ? $"Signed by '{verified!.KeyName}'." : "A signature was attached that the policy does not trust.") with
            {
                Attributes = [("bundle", Digest.Of(bundle).ToString()), ("trusted", trusted ? "true" : "false")],
            },
            cancellationToken);
        return TypedResults.Ok(new Attached(signature.Id, found.Reference.ToString(), trusted, verified?.KeyName, problem?.Detail));
    }
}
