namespace Merlon.Kernel;

/// <summary>The OCSF 1.8 classes that Merlon emits, by class_uid.</summary>
public enum OcsfClass
{
    FileActivity = 1001,
    ProcessActivity = 1007,
    VulnerabilityFinding = 2002,
    ComplianceFinding = 2003,
    DetectionFinding = 2004,
    AccountChange = 3001,
    Authentication = 3002,
    EntityManagement = 3004,
    ApiActivity = 6003,
    ApplicationLifecycle = 6002,
    DatastoreActivity = 6005,
    RemediationActivity = 7001,
}

/// <summary>OCSF status_id.</summary>
public enum EventStatus
{
    Success = 1,
    Failure = 2,
}

/// <summary>OCSF severity_id.</summary>
public enum EventSeverity
{
    Informational = 1,
    Low = 2,
    Medium = 3,
    High = 4,
    Critical = 5,
}
