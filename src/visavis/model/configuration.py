"""What can be wrong with the settings, and with the place they are read from."""

from visavis.model.errors import StartupError


class SettingsMissing(StartupError):
    """The settings file that was named is not there, or cannot be read."""

    code = "settings_missing"
    mend = "Name a file that is there with --config or VISAVIS_CONFIG; 'visavis settings example' writes one."


class SettingsUnsafe(StartupError):
    """Others can write the settings file, and with it say where faces go."""

    code = "settings_unsafe"
    mend = "Give the file to who runs Visavis, or to root, and run 'chmod go-w' on it."


class SettingsUnreadable(StartupError):
    """The settings file is not TOML."""

    code = "settings_unreadable"
    mend = "Correct the line that is named; 'visavis settings example' shows what a line looks like."


class SettingsUnknown(StartupError):
    """The settings file has a key that there is no setting for."""

    code = "settings_unknown"
    mend = "Correct or remove the key; 'visavis settings show' lists every setting."


class SettingsInvalid(StartupError):
    """A setting has a value that it does not take."""

    code = "settings_invalid"
    mend = "Correct the setting that is named, where it says; 'visavis settings example' shows what each one takes."


class PagesMissing(StartupError):
    """The package was put together without what its pages run in a browser."""

    code = "pages_missing"
    mend = "In a checkout run `make pages`; a wheel without it is not one of ours: install Visavis again."
