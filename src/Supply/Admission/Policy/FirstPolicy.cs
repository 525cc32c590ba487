using Merlon.Access.Contracts;
using Merlon.Admission.Storage;
using Merlon.Kernel;

namespace Merlon.Admission.Policy;

/// <summary>A new project begins with the default policy, as the first one did.</summary>
internal sealed class FirstPolicy(AdmissionDb db, ControlEvents events, TimeProvider time) : IProjectSetup
{
    public Task PrepareAsync(Scope scope, CancellationToken cancellationToken) => PolicyEndpoints.EnsureDefaultAsync(scope, db, events, time, cancellationToken);
}
