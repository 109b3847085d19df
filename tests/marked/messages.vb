Option Explicit On
Option Strict Off

Imports System
Imports System.Text
Imports Intersoft.finPOWER.BusinessLayer ' finSettings and the rest

''' <summary>
''' Sends the arrears letters; «comment finSettingsUser»EmailUseMailTo was asked for by Collections in 2019.
''' </summary>
''' <remarks>Never read <c>finSettings.«comment finSettings»EmailSmtpPassword</c> here.</remarks>
Public Class ArrearsLetters

  Private Const SettingName As String = "«string ?»EmailSmtpServer"
  Private mUser As finSettingsUser
  Private mWeb As finBL.finWebConfig
  Private mGlobal As Object = CType(finBL.Settings, finSettings)

  Public Function Main(source As Object, parameters As ISKeyValueList) As Boolean

    ' Assume Success
    Main = True

    Dim Server As String = finSettings.«code finSettings»EmailSmtpServer
    Dim Port As Integer = FINSETTINGS.«code finSettings»EMAILSMTPPORT
    Dim Ssl As Boolean = finsettings.«code finSettings»emailSmtpEnableSsl

    If mUser.«code finSettingsUser»EmailUseGlobalSettings Then
      Server = mUser.«code finSettingsUser»EmailSmtpServerResolved ' not mUser.«comment finSettingsUser»EmailSmtpServer
      Port = mUser.«code finSettingsUser»EmailSmtpPortResolved
    ElseIf mUser.«code finSettingsUser»EmailIsUnattendedAvailable = False Then
      Return False
    End If

    ' The same name, three owners
    Server = mWeb.«code finWebConfig»EmailSmtpServer & mGlobal.«code finSettings»EmailSmtpServer & Unknown.«code ?»EmailSmtpServer

    ' A line that goes on
    Dim UserId As String = finSettings. _
      «code finSettings»EmailSmtpUserId
    UserId = finSettings _
      .«code finSettings»EmailSmtpUserId
    UserId = finSettings.
      «code finSettings»EmailSmtpUserId
    UserId = finSettings?.«code finSettings»EmailSmtpUserId

    ' Strings
    Log("Old: finSettings.«string finSettings»EmailSmtpServer")
    Log("Said ""finSettings.«string finSettings»EmailSmtpServer"" and 'finSettings.«string finSettings»EmailSmtpPort'")
    Log("" & mUser.«code finSettingsUser»EmailSmtpSenderDisplayName & "")
    Log("It's" & mUser.«code finSettingsUser»EmailSmtpSenderEmailAddress & "'") ' "mUser.«comment finSettingsUser»EmailSmtpSenderEmailAddress"
    Log("one line
         mUser.«string finSettingsUser»EmailSmtpPort, of two"): Log(mUser.«code finSettingsUser»EmailSmtpPort)
    Log($"Server {mUser.«code finSettingsUser»EmailSmtpServer} «string ?»EmailSmtpServer {{mUser.«string finSettingsUser»EmailSmtpServer}}")
    Log($"{Now:hh 'mUser.«string finSettingsUser»EmailSmtpPort'} {If(Ssl, "«string ?»EmailSmtpPort", mUser.«code finSettingsUser»EmailSmtpPort)} ""{mUser.«code finSettingsUser»EmailSmtpPort,10:N0}""")
    Log($"{$"{mUser.«code finSettingsUser»EmailSmtpPort}«string ?»EmailSmtpPort"}«string ?»EmailSmtpPort") ' «comment ?»EmailSmtpPort
    Log(“typographic: «string ?»EmailSmtpPort” & mUser.«code finSettingsUser»EmailSmtpPort) ‘ «comment ?»EmailSmtpPort
    Dim Quote As Char = """"c : Port = mUser.«code finSettingsUser»EmailSmtpPort : REM mUser.«comment finSettingsUser»EmailSmtpPort
    Rem "«comment ?»EmailSmtpPort
    Dim Theorem As String = x.Rem & mUser.«code finSettingsUser»EmailSmtpPort
    Dim [REM] As String = mUser.«code finSettingsUser»EmailSmtpUserId

    ' With blocks
    With mUser
      .«code finSettingsUser»EmailSmtpServer = "mail.kowhai.example"
      .«code finSettingsUser»EmailSmtpPort = 587 : .«code finSettingsUser»EmailSmtpEnableSsl = True
      With finBL.finWebConfig ' inner
        If .«code finWebConfig»EmailSmtpOverride Then .«code finWebConfig»EmailSmtpSenderDisplayName = "Kowhai"
      End With
      .«code finSettingsUser»EmailExchangeUseGlobalSettings = Not .«code finSettingsUser»EmailEditInternal
    End With
    Dim Web = New finWebConfig() With {.«code finWebConfig»EmailSmtpServer = "a", .«code finWebConfig»EmailSmtpPort = 25}
    Web.«code finWebConfig»EmailSmtpServer = CType(o, finSettingsUser).«code finSettingsUser»EmailSmtpServer
    Dim All(9) As finSettingsUser
    All(0).«code finSettingsUser»EmailSmtpServer = ""

    ' Exchange
    If finSettings.«code finSettings»EmailExchangeHasRefreshToken Then
      Log(finSettings.«code finSettings»EmailExchangeClientId & mUser.«code finSettingsUser»EmailExchangeClientIdResolved)
      Token = mUser.«code finSettingsUser»EmailExchangeRefreshTokenResolved
    End If

    ' Functions
    Dim Provider = ISSupport.«code ISSupport»CreateMessageProviderSmtp(finBL)
    Provider = «code ISSupport»createMessageProviderExchange(finBL)
    Provider = CallByName(s, "«string ISSupport»CreateMessageProviderSmtp", CallType.Method)

    ' Names of our own, and names that only look like one
    Dim «name ?»EmailSmtpServer As String = ""
    Log(«name ?»EmailSmtpServer, MyEmailSmtpServer, EmailSmtpServer2, EmailSmtpServer_, _EmailSmtpServer, ÉmailSmtpServer)
    Log(mUser.EmailSmtpServers, mUser.xEmailSmtpServer, mUser.EmailSmtp, mUser.Email, EmailMessage.SmtpServer)
    Log(mUser.[«code finSettingsUser»EmailSmtpServer], [«name ?»EmailSmtpServer], mUser!«code finSettingsUser»EmailSmtpServer)

  End Function

End Class ' «comment ?»EmailSmtpServer
