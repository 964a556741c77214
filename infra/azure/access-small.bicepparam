// Access for a small set-up: all disks of one subscription, one group for snapshots, one for restored disks.
using 'access.bicep'

var subscriptionId = readEnvironmentVariable('AZURE_SUBSCRIPTION_ID')

param principalId = readEnvironmentVariable('DISKBACKUP_PRINCIPAL_ID')
param sourceSubscriptions = [
  subscriptionId
]
param snapshotGroups = [
  {
    subscriptionId: subscriptionId
    name: readEnvironmentVariable('DISKBACKUP_SNAPSHOT_GROUP', 'disk-snapshots')
  }
]
param restoreGroups = [
  {
    subscriptionId: subscriptionId
    name: readEnvironmentVariable('DISKBACKUP_RESTORE_GROUP', 'restored-disks')
  }
]
