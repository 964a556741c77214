// A role of the app on a resource group of disks, snapshots or Azure's own backup vaults.

param principalId string

@allowed([
  'Disk Backup Reader'
  'Disk Snapshot Contributor'
  'Disk Restore Operator'
  'Disk Restore Tester'
  'Snapshot Immutability Writer'
  'Disk Swap Operator'
  'Cost Management Reader'
  'Backup Reader'
])
param role string

var roles = loadJsonContent('../roles.json')

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, role)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
