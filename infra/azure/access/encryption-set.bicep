// Reading of one disk encryption set, which none of Azure's disk roles includes and a restored disk needs to use it.

param principalId string
param encryptionSetName string

var roles = loadJsonContent('../roles.json')
var role = 'Reader'

resource encryptionSet 'Microsoft.Compute/diskEncryptionSets@2024-03-02' existing = {
  name: encryptionSetName
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(encryptionSet.id, principalId, role)
  scope: encryptionSet
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
