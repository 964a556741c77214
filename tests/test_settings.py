"""Settings: all faults at once, secrets never shown, and the same names as the Functions host."""

from __future__ import annotations

import pytest

from backup_core.settings import Settings, SettingsInvalid

CONNECTION = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net"


def test_a_connection_string_is_enough():
    settings = Settings.from_env({"AzureWebJobsStorage": CONNECTION})
    assert settings.storage_connection_string == CONNECTION
    assert settings.arm_endpoint == "https://management.azure.com"
    assert settings.arm_scope == "https://management.azure.com/.default"
    assert settings.table_prefix == "diskbackup"
    assert settings.eventgrid_endpoint is None
    assert not settings.has_managed_identity


def test_the_emulators_short_form_is_a_connection_string():
    assert Settings.from_env({"AzureWebJobsStorage": "UseDevelopmentStorage=true"}).storage_connection_string


def test_an_account_name_gives_both_endpoints():
    settings = Settings.from_env({"AzureWebJobsStorage__accountName": "acc", "AzureWebJobsStorage__clientId": "me"})
    assert settings.storage_connection_string is None
    assert settings.table_endpoint == "https://acc.table.core.windows.net"
    assert settings.queue_endpoint == "https://acc.queue.core.windows.net"
    assert settings.storage_client_id == "me"


def test_endpoints_can_be_named_one_by_one():
    settings = Settings.from_env(
        {
            "AzureWebJobsStorage__tableServiceUri": "https://acc.table.core.chinacloudapi.cn/",
            "AzureWebJobsStorage__queueServiceUri": "https://acc.queue.core.chinacloudapi.cn",
        }
    )
    assert settings.table_endpoint == "https://acc.table.core.chinacloudapi.cn"
    assert settings.queue_endpoint == "https://acc.queue.core.chinacloudapi.cn"


def test_another_cloud_has_tokens_of_its_own():
    settings = Settings.from_env(
        {"AzureWebJobsStorage": CONNECTION, "DISKBACKUP_ARM_ENDPOINT": "https://management.chinacloudapi.cn/"}
    )
    assert settings.arm_endpoint == "https://management.chinacloudapi.cn"
    assert settings.arm_scope == "https://management.chinacloudapi.cn/.default"


def test_the_audience_can_differ_from_the_endpoint():
    settings = Settings.from_env(
        {
            "AzureWebJobsStorage": CONNECTION,
            "DISKBACKUP_ARM_ENDPOINT": "https://127.0.0.1:9443",
            "DISKBACKUP_ARM_AUDIENCE": "https://management.azure.com",
            "IDENTITY_ENDPOINT": "http://127.0.0.1:9000/msi/token",
        }
    )
    assert settings.arm_scope == "https://management.azure.com/.default"
    assert settings.has_managed_identity


def test_all_faults_are_named_at_once():
    with pytest.raises(SettingsInvalid) as refusal:
        Settings.from_env(
            {
                "DISKBACKUP_ARM_ENDPOINT": "management.azure.com",
                "DISKBACKUP_EVENTGRID_ENDPOINT": "ftp://x",
                "DISKBACKUP_TABLE_PREFIX": "1-bad",
            }
        )
    assert len(refusal.value.faults) == 5
    for name in ("ARM_ENDPOINT", "EVENTGRID_ENDPOINT", "TABLE_PREFIX", "tableServiceUri", "queueServiceUri"):
        assert name in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["nonsense", "AccountName=acc", "AccountKey=c2VjcmV0", "https://acc.table.core.windows.net"]
)
def test_a_malformed_connection_string_is_a_fault_that_does_not_show_it(text):
    with pytest.raises(SettingsInvalid) as refusal:
        Settings.from_env({"AzureWebJobsStorage": text})
    assert text not in str(refusal.value)


def test_secrets_are_not_shown():
    settings = Settings.from_env({"AzureWebJobsStorage": CONNECTION, "DISKBACKUP_EVENTGRID_KEY": "topic-secret"})
    assert settings.eventgrid_key == "topic-secret"
    assert "c2VjcmV0" not in repr(settings)
    assert "topic-secret" not in repr(settings)


def test_settings_do_not_change():
    settings = Settings.from_env({"AzureWebJobsStorage": CONNECTION})
    with pytest.raises(AttributeError):
        settings.table_prefix = "other"
