// The topic that the app publishes its events to. Who is to hear of them subscribes to it; nobody is subscribed here.

param name string
param location string
param tags object

@description('The app\'s identity.')
param principalId string

var roles = loadJsonContent('../roles.json')

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, principalId, 'EventGrid Data Sender')
  scope: topic
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['EventGrid Data Sender'])
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

output topicId string = topic.id
output endpoint string = topic.properties.endpoint
