"""Settings: all faults at once, secrets never shown, and the same names as the Functions host."""

from __future__ import annotations

import pytest

from backup_core.settings import (
    AccessScope,
    Settings,
    SettingsInvalid,
    SignIn,
    SignInMode,
    VaultScopes,
    access_scopes,
    host_checks_keys,
    public_url,
)

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


# ------------------------------------------------------------------ sign-in

TENANT = "7A1F0C1E-0000-4000-8000-00000000000A"
PERSON = "aaaaaaaa-0000-4000-8000-000000000001"
ENTRA = {"DISKBACKUP_ENTRA_TENANT_ID": TENANT, "DISKBACKUP_ENTRA_AUDIENCE": "api://disk-backup"}
GROUP_PATH = "/subscriptions/s-1/resourceGroups/RG-1"
VAULT_PATH = f"{GROUP_PATH}/providers/Microsoft.DataProtection/backupVaults/Vault-1"


def faults_of(environ):
    with pytest.raises(SettingsInvalid) as refusal:
        SignIn.from_env(environ)
    return refusal.value.faults


def test_signing_in_by_entra_is_the_rule():
    sign_in = SignIn.from_env(ENTRA)
    assert sign_in.mode is SignInMode.ENTRA
    assert sign_in.tenant_id == TENANT.lower()
    assert sign_in.audiences == ("api://disk-backup",)
    assert sign_in.authority == "https://login.microsoftonline.com"
    assert sign_in.scopes == ()
    assert sign_in.trusted_certificates is None


def test_several_audiences_are_separated_by_commas():
    audiences = " api://a ,, https://b/ ,7c9e6679-7425-40de-944b-e07fc1f90ae7 "
    sign_in = SignIn.from_env({**ENTRA, "DISKBACKUP_ENTRA_AUDIENCE": audiences})
    assert sign_in.audiences == ("api://a", "https://b/", "7c9e6679-7425-40de-944b-e07fc1f90ae7")


def test_another_cloud_has_an_authority_of_its_own():
    sign_in = SignIn.from_env({**ENTRA, "DISKBACKUP_ENTRA_AUTHORITY": "https://login.microsoftonline.us/"})
    assert sign_in.authority == "https://login.microsoftonline.us"


def test_certificates_to_trust_are_found_under_either_name():
    assert SignIn.from_env({**ENTRA, "SSL_CERT_FILE": "a.pem"}).trusted_certificates == "a.pem"
    both = {"SSL_CERT_FILE": "a.pem", "REQUESTS_CA_BUNDLE": "b.pem"}
    assert SignIn.from_env({**ENTRA, **both}).trusted_certificates == "b.pem"


def test_browsers_sign_in_as_the_client_that_an_audience_names():
    client = "7C9E6679-7425-40DE-944B-E07FC1F90AE7"
    assert SignIn.from_env({**ENTRA, "DISKBACKUP_ENTRA_AUDIENCE": f"api://a,{client}"}).client_id == client.lower()
    assert SignIn.from_env({**ENTRA, "DISKBACKUP_ENTRA_AUDIENCE": f"api://{client}"}).client_id is None


@pytest.mark.parametrize("url", ["https://login.example", "http://127.0.0.1:8080", "http://localhost:1/"])
def test_browsers_may_sign_in_elsewhere(url):
    assert SignIn.from_env({**ENTRA, "DISKBACKUP_CENTER_SIGN_IN_URL": url}).browser_url == url.rstrip("/")


@pytest.mark.parametrize("url", ["http://login.example", "login.example", "javascript:alert(1)"])
def test_what_browsers_get_on_the_way_could_be_changed_without_tls(url):
    (fault,) = faults_of({**ENTRA, "DISKBACKUP_CENTER_SIGN_IN_URL": url})
    assert "DISKBACKUP_CENTER_SIGN_IN_URL" in fault


@pytest.mark.parametrize("word", ["function_key", "FUNCTION_KEY", " function_key "])
def test_a_function_key_needs_nothing_else(word):
    assert SignIn.from_env({"DISKBACKUP_SIGN_IN": word}).mode is SignInMode.FUNCTION_KEY


def test_without_any_setting_nobody_can_sign_in():
    faults = faults_of({})
    assert len(faults) == 2
    assert "DISKBACKUP_ENTRA_TENANT_ID is missing" in faults[0]
    assert "DISKBACKUP_ENTRA_AUDIENCE is missing" in faults[1]


@pytest.mark.parametrize("tenant", ["common", "organizations", "contoso.onmicrosoft.com", "{tenantid}", f"{TENANT}/x"])
def test_a_tenant_is_named_by_its_id(tenant):
    (fault,) = faults_of({**ENTRA, "DISKBACKUP_ENTRA_TENANT_ID": tenant})
    assert "DISKBACKUP_ENTRA_TENANT_ID" in fault


@pytest.mark.parametrize("audience", ["", " ", ",", " , "])
def test_no_audience_would_be_every_audience(audience):
    (fault,) = faults_of({**ENTRA, "DISKBACKUP_ENTRA_AUDIENCE": audience})
    assert "DISKBACKUP_ENTRA_AUDIENCE" in fault


@pytest.mark.parametrize("url", ["http://login.example", "login.example", "ftp://login.example"])
def test_keys_come_over_tls(url):
    assert any(
        "DISKBACKUP_ENTRA_AUTHORITY" in fault for fault in faults_of({**ENTRA, "DISKBACKUP_ENTRA_AUTHORITY": url})
    )


@pytest.mark.parametrize("word", ["none", "anonymous", "functionkey", "entra,function_key", "off"])
def test_an_unknown_mode_opens_nothing(word):
    (fault,) = faults_of({**ENTRA, "DISKBACKUP_SIGN_IN": word})
    assert "DISKBACKUP_SIGN_IN" in fault
    assert host_checks_keys({"DISKBACKUP_SIGN_IN": word}), "the host goes on asking for its key"


def test_the_host_asks_for_keys_unless_the_api_asks_for_tokens():
    assert not host_checks_keys({})
    assert not host_checks_keys({"DISKBACKUP_SIGN_IN": ""})
    assert not host_checks_keys({"DISKBACKUP_SIGN_IN": " Entra "})
    assert host_checks_keys({"DISKBACKUP_SIGN_IN": "function_key"})


def test_scopes_are_paths_with_those_who_may_reach_them():
    text = f'{{"{GROUP_PATH}/": ["{PERSON.upper()}"], "{VAULT_PATH}": ["{PERSON}", "{TENANT}"]}}'
    sign_in = SignIn.from_env({**ENTRA, "DISKBACKUP_ACCESS_SCOPES": text})
    assert sign_in.scopes == (
        AccessScope(path=GROUP_PATH.lower(), object_ids=frozenset({PERSON})),
        AccessScope(path=VAULT_PATH.lower(), object_ids=frozenset({PERSON, TENANT.lower()})),
    )


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '["/subscriptions/s"]',
        '"/subscriptions/s"',
        "null",
        "[" * 100_000,
        f'{{"{GROUP_PATH}": []}}',
        f'{{"{GROUP_PATH}": "{PERSON}"}}',
        f'{{"{GROUP_PATH}": ["ada@example.com"]}}',
        f'{{"{GROUP_PATH}": ["{PERSON}", 5]}}',
        f'{{"{GROUP_PATH}": {{"{PERSON}": 1}}}}',
        f'{{"{GROUP_PATH}": null}}',
        f'{{"subscriptions/s": ["{PERSON}"]}}',
        f'{{"/": ["{PERSON}"]}}',
        f'{{"{VAULT_PATH}/backupInstances/x": ["{PERSON}"]}}',
        f'{{"/subscriptions/s/providers/Microsoft.DataProtection": ["{PERSON}"]}}',
    ],
)
def test_a_scope_that_cannot_be_read_is_a_fault_and_no_open_door(text):
    faults = faults_of({**ENTRA, "DISKBACKUP_ACCESS_SCOPES": text})
    assert all("DISKBACKUP_ACCESS_SCOPES" in fault for fault in faults)


def test_a_path_given_twice_counts_twice():
    text = f'{{"{GROUP_PATH}": ["{PERSON}"], "{GROUP_PATH}": ["{TENANT}"]}}'
    assert len(SignIn.from_env({**ENTRA, "DISKBACKUP_ACCESS_SCOPES": text}).scopes) == 2


def test_scopes_beside_a_key_that_opens_everything_are_a_fault():
    environ = {"DISKBACKUP_SIGN_IN": "function_key", "DISKBACKUP_ACCESS_SCOPES": f'{{"{GROUP_PATH}": ["{PERSON}"]}}'}
    (fault,) = faults_of(environ)
    assert "DISKBACKUP_ACCESS_SCOPES" in fault


def test_all_faults_of_a_sign_in_are_named_at_once():
    environ = {"DISKBACKUP_ENTRA_AUTHORITY": "http://x", "DISKBACKUP_ACCESS_SCOPES": "{"}
    assert len(faults_of(environ)) == 4


def test_a_faulty_sign_in_is_no_fault_of_the_other_settings():
    assert Settings.from_env({"AzureWebJobsStorage": CONNECTION, "DISKBACKUP_SIGN_IN": "nonsense"})


def test_a_heartbeat_url_is_taken_as_it_is_and_never_shown():
    url = "https://hc.example/ping/5e0c1a52?a=b"
    settings = Settings.from_env({"AzureWebJobsStorage": CONNECTION, "DISKBACKUP_HEARTBEAT_URL": f" {url} "})
    assert settings.heartbeat_url == url
    assert "5e0c1a52" not in repr(settings)
    assert Settings.from_env({"AzureWebJobsStorage": CONNECTION}).heartbeat_url is None


@pytest.mark.parametrize(
    "url",
    [
        "http://hc.example/5e0c1a52",
        "hc.example/5e0c1a52",
        "https:///5e0c1a52",
        "https://hc.example:x/5e0c1a52",
        "https://hc.example:0/5e0c1a52",
        "https://hc.example/5e0c1a52 HTTP/1.1",
        "https://hc.example/5e0c1a52\r\nX: y",
        "https://hc.example/5e0c1a52ü",
        "file:///5e0c1a52",
    ],
)
def test_a_heartbeat_url_that_is_none_is_a_fault_which_does_not_repeat_it(url):
    with pytest.raises(SettingsInvalid) as refusal:
        Settings.from_env({"AzureWebJobsStorage": CONNECTION, "DISKBACKUP_HEARTBEAT_URL": url})
    (fault,) = refusal.value.faults
    assert "DISKBACKUP_HEARTBEAT_URL" in fault
    assert "5e0c1a52" not in fault


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WEBSITE_HOSTNAME": "app.azurewebsites.net"}, "https://app.azurewebsites.net"),
        ({"WEBSITE_HOSTNAME": "localhost:7071"}, None),
        (
            {"WEBSITE_HOSTNAME": "app.azurewebsites.net", "DISKBACKUP_PUBLIC_URL": "https://backup.example/api/"},
            "https://backup.example/api",
        ),
        ({"WEBSITE_HOSTNAME": "app.azurewebsites.net", "DISKBACKUP_PUBLIC_URL": "backup.example"},
         "https://app.azurewebsites.net"),
    ],
)  # fmt: skip
def test_urls_begin_with_what_is_set_or_with_the_platforms_name_of_the_app(environment, expected):
    assert public_url(environment) == expected


def test_a_public_url_that_is_none_closes_the_api():
    with pytest.raises(SettingsInvalid, match=r"DISKBACKUP_PUBLIC_URL 'backup\.example' is not a URL"):
        SignIn.from_env({"DISKBACKUP_SIGN_IN": "function_key", "DISKBACKUP_PUBLIC_URL": "backup.example"})


def test_scopes_that_cannot_be_read_close_everything_to_what_timers_do_for_somebody() -> None:
    (everything,) = access_scopes({"DISKBACKUP_ACCESS_SCOPES": "{"})
    assert (everything.path, everything.object_ids) == ("", frozenset())
    assert access_scopes({}) == ()
    text = f'{{"{GROUP_PATH}": ["{PERSON}"]}}'
    assert (
        access_scopes({"DISKBACKUP_ACCESS_SCOPES": text})
        == SignIn.from_env({**ENTRA, "DISKBACKUP_ACCESS_SCOPES": text}).scopes
    )


def test_backups_on_demand_have_azures_limit_unless_another_is_set():
    assert Settings.from_env({"AzureWebJobsStorage": CONNECTION}).on_demand_a_day == 10
    settings = Settings.from_env({"AzureWebJobsStorage": CONNECTION, "DISKBACKUP_ON_DEMAND_A_DAY": "3"})
    assert settings.on_demand_a_day == 3


@pytest.mark.parametrize("text", ["-1", "501", "ten", "1.5", "\u0663"])
def test_a_limit_that_is_no_number_is_told(text):
    with pytest.raises(SettingsInvalid, match=r"DISKBACKUP_ON_DEMAND_A_DAY .* must be a whole number from 0 to 500"):
        Settings.from_env({"AzureWebJobsStorage": CONNECTION, "DISKBACKUP_ON_DEMAND_A_DAY": text})


IDENTITY = f"{GROUP_PATH}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/team"


def test_identities_and_scopes_of_vaults_are_read():
    settings = Settings.from_env(
        {
            "AzureWebJobsStorage": CONNECTION,
            "DISKBACKUP_VAULT_IDENTITIES": f'{{"{IDENTITY}": "{PERSON}"}}',
            "DISKBACKUP_VAULT_SCOPES": f'{{"{GROUP_PATH}/": {{"sources": ["{GROUP_PATH}/"], "targets": []}}}}',
        }
    )
    assert settings.vault_identities == {IDENTITY: PERSON}
    assert settings.vault_scopes == (VaultScopes(path=GROUP_PATH, sources=(GROUP_PATH,), targets=()),)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DISKBACKUP_VAULT_IDENTITIES", "{"),
        ("DISKBACKUP_VAULT_IDENTITIES", "[]"),
        ("DISKBACKUP_VAULT_IDENTITIES", '{"x": "y"}'),
        ("DISKBACKUP_VAULT_IDENTITIES", f'{{"{IDENTITY}": "no id"}}'),
        ("DISKBACKUP_VAULT_IDENTITIES", f'{{"{IDENTITY}": null}}'),
        ("DISKBACKUP_VAULT_IDENTITIES", f'{{"{IDENTITY}": "{PERSON}", "{IDENTITY.upper()}": "{PERSON}"}}'),
        ("DISKBACKUP_VAULT_SCOPES", "7"),
        ("DISKBACKUP_VAULT_SCOPES", '{"x": {"sources": []}}'),
        ("DISKBACKUP_VAULT_SCOPES", f'{{"{GROUP_PATH}": []}}'),
        ("DISKBACKUP_VAULT_SCOPES", f'{{"{GROUP_PATH}": {{}}}}'),
        ("DISKBACKUP_VAULT_SCOPES", f'{{"{GROUP_PATH}": {{"source": []}}}}'),
        ("DISKBACKUP_VAULT_SCOPES", f'{{"{GROUP_PATH}": {{"sources": "x"}}}}'),
        ("DISKBACKUP_VAULT_SCOPES", f'{{"{GROUP_PATH}": {{"sources": ["{IDENTITY}"]}}}}'),
    ],
)
def test_an_app_whose_vaults_cannot_be_told_their_place_does_not_start(name, text):
    with pytest.raises(SettingsInvalid, match=name):
        Settings.from_env({"AzureWebJobsStorage": CONNECTION, name: text})
