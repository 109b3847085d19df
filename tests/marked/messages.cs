using System; // finSettings.«comment finSettings»EmailSmtpServer

public class Letters /* EmailSmtp… «comment ?»EmailSmtpPort
    user.«comment ?»EmailSmtpPort // still */ {
  private finSettingsUser user = null;

  public bool Main(object source, finWebConfig web) {
    var server = user.«code finSettingsUser»EmailSmtpServer + web.«code finWebConfig»EmailSmtpServer + user?.«code finSettingsUser»EmailSmtpPort;
    Log("user.«string finSettingsUser»EmailSmtpServer \" «string ?»EmailSmtpServer" + user.«code finSettingsUser»EmailSmtpServer);
    Log(@"c:\" + user.«code finSettingsUser»EmailSmtpPort + @"a ""«string ?»EmailSmtpPort"" b" + user.«code finSettingsUser»EmailSmtpPort);
    Log($"{user.«code finSettingsUser»EmailSmtpPort:N0} «string ?»EmailSmtpPort {{«string ?»EmailSmtpPort}}" + user.«code finSettingsUser»EmailSmtpPort);
    Log($@"\{user.«code finSettingsUser»EmailSmtpPort}"" «string ?»EmailSmtpPort" + @$"«string ?»EmailSmtpPort");
    Log("""a " b «string ?»EmailSmtpPort""" + user.«code finSettingsUser»EmailSmtpPort + $$"""x "" {{user.«string finSettingsUser»EmailSmtpPort}} """ );
    Log("" + '"' + user.«code finSettingsUser»EmailSmtpPort + '\'' + user.«code finSettingsUser»EmailSmtpPort + "//" + user.«code finSettingsUser»EmailSmtpPort);
    return new finSettings { «code ?»EmailSmtpServer = "x" } != null; // "
  }
}
