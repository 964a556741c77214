// Access for a large set-up: whole subscriptions and single groups as sources, snapshots in the subscription of
// their disks, restores to a few groups, one encryption set. Replace the ids by your own.
using 'access.bicep'

var production = '00000000-0000-0000-0000-000000000001'
var finance = '00000000-0000-0000-0000-000000000002'
var laboratory = '00000000-0000-0000-0000-000000000003'

param principalId = readEnvironmentVariable('DISKBACKUP_PRINCIPAL_ID')
param sourceSubscriptions = [
  production
  finance
]
param sourceGroups = [
  {
    subscriptionId: laboratory
    name: 'instruments'
  }
]
param snapshotGroups = [
  {
    subscriptionId: production
    name: 'disk-snapshots-westeurope'
  }
  {
    subscriptionId: production
    name: 'disk-snapshots-northeurope'
  }
  {
    subscriptionId: finance
    name: 'disk-snapshots'
  }
  {
    subscriptionId: laboratory
    name: 'disk-snapshots'
  }
]
param restoreGroups = [
  {
    subscriptionId: production
    name: 'restored-disks'
  }
  {
    subscriptionId: finance
    name: 'restored-disks'
  }
]
param encryptionSets = [
  {
    subscriptionId: finance
    groupName: 'keys'
    name: 'finance-disks'
  }
]
