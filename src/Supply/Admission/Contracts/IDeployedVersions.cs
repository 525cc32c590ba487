namespace Merlon.Admission.Contracts;

/// <summary>Which versions answer at this moment; told by the module that serves them.</summary>
public interface IDeployedVersions
{
    /// <summary>Version ids of the current revisions of all projects, newest deployment first.</summary>
    Task<IReadOnlyList<Guid>> ListAsync(CancellationToken cancellationToken);
}
