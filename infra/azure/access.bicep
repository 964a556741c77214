// What the app may do to disks and snapshots, scope by scope: built-in roles, and nothing broader than each scope needs.
//
// Apart from main.bicep for two reasons: these resource groups are not the app's (see there), and whoever may assign
// roles in them is often not who deploys the app. Deploy it to any subscription, again after each change of its lists;
// a role that is no longer listed stays until it is removed by hand.

targetScope = 'subscription'

type groupTarget = {
  subscriptionId: string
  name: string
}

type encryptionSetTarget = {
  subscriptionId: string
  groupName: string
  name: string
}

@description('Object id of the app\'s identity: the output DISKBACKUP_PRINCIPAL_ID of main.bicep.')
param principalId string

@description('Ids of subscriptions all of whose disks may be backed up.')
param sourceSubscriptions string[] = []

@description('Resource groups whose disks may be backed up.')
param sourceGroups groupTarget[] = []

@description('Resource groups that snapshots are kept in.')
param snapshotGroups groupTarget[]

@description('Resource groups that disks may be restored to.')
param restoreGroups groupTarget[] = []

@description('Resource groups in which restore tests may make and delete temporary disks.')
param restoreTestGroups groupTarget[] = []

@description('Disk encryption sets of customer-managed keys that restored disks are to use.')
param encryptionSets encryptionSetTarget[] = []

@description('Whether the app may make snapshots immutable in Azure, for vaults that are: bindSnapshots of main.bicep.')
param bindSnapshots bool = false

@description('Whether the app may ask Cost Management what the snapshots in the snapshot groups have cost.')
param readsBilling bool = false

@description('Resource groups of Azure\'s own backup vaults that are to be moved in from.')
param azureVaultGroups groupTarget[] = []

@description('Resource groups of virtual machines whose disks may be swapped for restored ones: swapDisks of main.bicep.')
param swapGroups groupTarget[] = []

@description('Ids of subscriptions in which the app may ask what surrounds vaults and disks: groups, regions, locks, limits.')
param surroundingSubscriptions string[] = []

// No built-in role has this action alone. It prolongs what it set and never ends it: whoever has the app's identity
// cannot take back what Azure keeps. A tenant has the definition once, so that one deployment lists all snapshot groups.
resource immutabilityWriter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (bindSnapshots) {
  name: loadJsonContent('roles.json')['Snapshot Immutability Writer']
  properties: {
    roleName: 'Snapshot Immutability Writer'
    description: 'Make snapshots immutable for a while, and prolong that.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Compute/snapshots/updateImmutabilityPolicy/action'
        ]
        notActions: []
      }
    ]
    assignableScopes: union(map(snapshotGroups, target => '/subscriptions/${target.subscriptionId}'), [])
  }
}

module snapshotBinding 'access/group.bicep' = [
  for target in (bindSnapshots ? snapshotGroups : []): {
    name: 'diskbackup-binding-${uniqueString(principalId)}'
    scope: resourceGroup(target.subscriptionId, target.name)
    params: {
      principalId: principalId
      role: 'Snapshot Immutability Writer'
    }
    dependsOn: [
      immutabilityWriter
    ]
  }
]

// No built-in role of backup lets a disk be deleted and its data be read. A tenant has the definition once, as above. Its
// right to watch operations counts where somebody assigns it at a subscription; at a group it grants nothing.
resource restoreTester 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(restoreTestGroups)) {
  name: loadJsonContent('roles.json')['Disk Restore Tester']
  properties: {
    roleName: 'Disk Restore Tester'
    description: 'Make temporary disks, read their data, and delete them.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Authorization/*/read'
          'Microsoft.Resources/subscriptions/resourceGroups/read'
          'Microsoft.Compute/disks/read'
          'Microsoft.Compute/disks/write'
          'Microsoft.Compute/disks/delete'
          'Microsoft.Compute/disks/beginGetAccess/action'
          'Microsoft.Compute/disks/endGetAccess/action'
          'Microsoft.Compute/locations/diskOperations/read'
        ]
        notActions: []
      }
    ]
    assignableScopes: union(map(restoreTestGroups, target => '/subscriptions/${target.subscriptionId}'), [])
  }
}

module restoreTestGroup 'access/group.bicep' = [
  for target in restoreTestGroups: {
    name: 'diskbackup-test-${uniqueString(principalId)}'
    scope: resourceGroup(target.subscriptionId, target.name)
    params: {
      principalId: principalId
      role: 'Disk Restore Tester'
    }
    dependsOn: [
      restoreTester
    ]
  }
]

module sourceSubscription 'access/subscription.bicep' = [
  for subscriptionId in sourceSubscriptions: {
    name: 'diskbackup-source-${uniqueString(principalId)}'
    scope: subscription(subscriptionId)
    params: {
      principalId: principalId
      role: 'Disk Backup Reader'
    }
  }
]

module sourceGroup 'access/group.bicep' = [
  for target in sourceGroups: {
    name: 'diskbackup-source-${uniqueString(principalId)}'
    scope: resourceGroup(target.subscriptionId, target.name)
    params: {
      principalId: principalId
      role: 'Disk Backup Reader'
    }
  }
]

module snapshotGroup 'access/group.bicep' = [
  for target in snapshotGroups: {
    name: 'diskbackup-snapshots-${uniqueString(principalId)}'
    scope: resourceGroup(target.subscriptionId, target.name)
    params: {
      principalId: principalId
      role: 'Disk Snapshot Contributor'
    }
  }
]

module restoreGroup 'access/group.bicep' = [
  for target in restoreGroups: {
    name: 'diskbackup-restore-${uniqueString(principalId)}'
    scope: resourceGroup(target.subscriptionId, target.name)
    params: {
      principalId: principalId
      role: 'Disk Restore Operator'
    }
  }
]

module encryptionSet 'access/encryption-set.bicep' = [
  for target in encryptionSets: {
    name: 'diskbackup-set-${uniqueString(principalId, target.name)}'
    scope: resourceGroup(target.subscriptionId, target.groupName)
    params: {
      principalId: principalId
      encryptionSetName: target.name
    }
  }
]

module billing 'access/group.bicep' = [
  for target in (readsBilling ? snapshotGroups : []): {
    name: 'diskbackup-billing-${uniqueString(principalId)}'
    scope: resourceGroup(target.subscriptionId, target.name)
    params: {
      principalId: principalId
      role: 'Cost Management Reader'
    }
  }
]

module azureVaultGroup 'access/group.bicep' = [
  for target in azureVaultGroups: {
    name: 'diskbackup-origin-${uniqueString(principalId)}'
    scope: resourceGroup(target.subscriptionId, target.name)
    params: {
      principalId: principalId
      role: 'Backup Reader'
    }
  }
]

// The built-in role for machines also makes, deletes and runs commands in them; this one changes what they have. It names
// network interfaces, for a machine is written as a whole. A tenant has the definition once, as above.
resource swapOperator 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(swapGroups)) {
  name: loadJsonContent('roles.json')['Disk Swap Operator']
  properties: {
    roleName: 'Disk Swap Operator'
    description: 'Put other disks in the place of those that a virtual machine has.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Compute/virtualMachines/read'
          'Microsoft.Compute/virtualMachines/write'
          'Microsoft.Compute/virtualMachines/attachDetachDataDisks/action'
          'Microsoft.Compute/disks/read'
          'Microsoft.Compute/disks/write'
          'Microsoft.Network/networkInterfaces/join/action'
        ]
        notActions: []
      }
    ]
    assignableScopes: union(map(swapGroups, target => '/subscriptions/${target.subscriptionId}'), [])
  }
}

module swapGroup 'access/group.bicep' = [
  for target in swapGroups: {
    name: 'diskbackup-swap-${uniqueString(principalId)}'
    scope: resourceGroup(target.subscriptionId, target.name)
    params: {
      principalId: principalId
      role: 'Disk Swap Operator'
    }
    dependsOn: [
      swapOperator
    ]
  }
]

// No built-in role but Reader and those above it lets usages and SKUs be read. A tenant has the definition once, as above.
resource usageReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(surroundingSubscriptions)) {
  name: loadJsonContent('roles.json')['Compute Usage Reader']
  properties: {
    roleName: 'Compute Usage Reader'
    description: 'Read usages and SKUs of Compute, and whether resource groups, regions and locks are there.'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Compute/locations/usages/read'
          'Microsoft.Compute/skus/read'
          'Microsoft.Resources/subscriptions/resourceGroups/read'
          'Microsoft.Resources/subscriptions/locations/read'
          'Microsoft.Authorization/locks/read'
        ]
        notActions: []
      }
    ]
    assignableScopes: map(surroundingSubscriptions, id => '/subscriptions/${id}')
  }
}

module surroundings 'access/subscription.bicep' = [
  for subscriptionId in surroundingSubscriptions: {
    name: 'diskbackup-surroundings-${uniqueString(principalId)}'
    scope: subscription(subscriptionId)
    params: {
      principalId: principalId
      role: 'Compute Usage Reader'
    }
    dependsOn: [
      usageReader
    ]
  }
]
