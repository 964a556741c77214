// A large set-up: disks in several subscriptions, private network, catalogue and app spread over three zones, an API
// that answers without a cold start, few people for the payroll. Replace the ids by your own.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param entraAudience = readEnvironmentVariable('DISKBACKUP_ENTRA_AUDIENCE')

param pythonVersion = '3.13'
param storageRedundancy = 'Standard_ZRS'
param zoneRedundant = true
param privateNetwork = true
param privateApi = false
param networkPrefix = '10.90.0.0/24'
param instanceMemoryMB = 2048
param maximumInstanceCount = 200
param alwaysReadyApiInstances = 2

param resourceEventSubscriptions = [
  '00000000-0000-0000-0000-000000000001'
  '00000000-0000-0000-0000-000000000002'
  '00000000-0000-0000-0000-000000000003'
]

param accessScopes = {
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/payroll-vaults': [
    '00000000-0000-0000-0000-0000000000aa'
  ]
}

param vaultIdentities = {
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/payroll-identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/payroll-backup': '00000000-0000-0000-0000-0000000000bb'
}
param vaultScopes = {
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/payroll-vaults': {
    sources: ['/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/payroll']
    snapshots: ['/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/payroll-snapshots']
    targets: ['/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/payroll-restored']
  }
}

param alertEmails = [
  'backup-operators@example.com'
]
param actionGroupIds = [
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/on-call/providers/Microsoft.Insights/actionGroups/on-call'
]
param toleratedFailures = 20
param logRetentionDays = 90
