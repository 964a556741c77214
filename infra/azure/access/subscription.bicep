// A role of the app on a whole subscription. Reading is all that it may have there.

targetScope = 'subscription'

param principalId string

@allowed([
  'Disk Backup Reader'
  'Compute Usage Reader'
])
param role string

var roles = loadJsonContent('../roles.json')

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, role)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
