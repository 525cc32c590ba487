using Merlon.Kernel;

namespace Merlon.Access.Contracts;

/// <summary>What a module puts into a new project, such as a first policy. Called once the project is there; may be called again.</summary>
public interface IProjectSetup
{
    Task PrepareAsync(Scope scope, CancellationToken cancellationToken);
}
